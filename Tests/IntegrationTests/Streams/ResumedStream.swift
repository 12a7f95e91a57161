import ChatCore
import TestSupport
import Testing

/// An answer as a client puts it together over any number of connections (`contract/websocket.md`, 'Resume').
struct ResumedStream: Sendable {
    private(set) var text = ""
    /// The number of the chunk that is to come next.
    private(set) var nextChunk = 0
    private(set) var snapshots = 0
    private(set) var end: Envelope?

    var state: String? { end?["metadata"]?["state"]?.stringValue }

    /// - Parameters: what the client has had already.
    init(text: String = "", nextChunk: Int = 0) {
        self.text = text
        self.nextChunk = nextChunk
    }

    /// - Throws: ``TestSupportError`` for a chunk that is doubled or missing.
    mutating func take(_ envelope: Envelope) throws {
        guard end == nil else { throw TestSupportError("something comes after the end: \(envelope)") }
        switch envelope.type {
        case "message.streaming.chunk":
            guard envelope["index"]?.integerValue == Int64(nextChunk) else {
                throw TestSupportError("chunk \(nextChunk) was to come: \(envelope)")
            }
            nextChunk += 1
            text += envelope["chunk"]?["content"]?.stringValue ?? ""
        case "message.streaming.snapshot":
            snapshots += 1
            nextChunk = Int(envelope["next_chunk"]?.integerValue ?? -1)
            text = envelope.payload.messageText
        case "message.streaming.complete":
            guard envelope["chunks"]?.integerValue == Int64(nextChunk) else {
                throw TestSupportError("\(nextChunk) chunks came: \(envelope)")
            }
            end = envelope
        case "message.streaming.error": end = envelope
        default: throw TestSupportError("no envelope of a stream: \(envelope)")
        }
    }

    /// Takes what comes for a request until there are `count` chunks, or to the end.
    mutating func follow(_ socket: WebSocketClient, _ request: String, upTo count: Int = .max) async throws {
        while end == nil, nextChunk < count {
            try take(
                try await socket.expect(timeout: .seconds(40)) {
                    $0.requestID == request && $0.type.hasPrefix("message.streaming.")
                        && $0.type != "message.streaming.start"
                }
            )
        }
    }
}

extension WebSocketClient {
    /// Asks for a stream from a chunk on, or for a snapshot first, and returns the id of the request.
    func resume(_ message: String, from next: Int?) async throws -> String {
        var payload: JSONObject = ["message_id": .string(message)]
        payload["next_chunk"] = next.map { .integer($0) }
        return try await send("stream.resume", .object(payload))
    }
}
