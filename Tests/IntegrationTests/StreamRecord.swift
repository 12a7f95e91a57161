import ChatCore
import TestSupport
import Testing

/// What one connection got of one stream.
struct StreamRecord: Sendable {
    var start: Envelope
    var chunks: [Envelope] = []
    /// `message.streaming.complete` or `message.streaming.error`.
    var end: Envelope

    var messageID: String { start.string("message_id") }
    var userMessageID: String { start.string("user_message_id") }
    /// The words of all chunks, put together.
    var text: String { chunks.map { $0["chunk"]?["content"]?.stringValue ?? "" }.joined() }
    var state: String? { end["metadata"]?["state"]?.stringValue }

    /// Chunks are numbered from 0 without a gap, carry the stream's ids, and the end counts them.
    func expectWellFormed(sourceLocation: SourceLocation = #_sourceLocation) {
        let indexes = chunks.map { $0["index"]?.integerValue ?? -1 }
        #expect(indexes == Array(0..<Int64(chunks.count)), sourceLocation: sourceLocation)
        #expect(chunks.allSatisfy { $0.string("message_id") == messageID }, sourceLocation: sourceLocation)
        #expect(end.string("message_id") == messageID, sourceLocation: sourceLocation)
        if end.type == "message.streaming.complete" {
            #expect(end["chunks"]?.integerValue == Int64(chunks.count), sourceLocation: sourceLocation)
        }
    }
}

extension WebSocketClient {
    /// Sends a text and returns the id of the request.
    func say(_ text: String, in session: String, parent: String? = nil) async throws -> String {
        var payload: JSONObject = ["session_id": .string(session), "content": .string(text)]
        payload["parent_message_id"] = parent.map { .string($0) }
        return try await send("message.send", .object(payload))
    }

    /// Sends a text and waits for the whole answer.
    func converse(_ text: String, in session: String, parent: String? = nil) async throws -> StreamRecord {
        try await stream(of: try await say(text, in: session, parent: parent))
    }

    /// Waits for the start of an answer.
    func begun(_ request: String) async throws -> Envelope {
        try await expectAny(of: ["message.streaming.start", "response.error"], for: request) { envelope in
            guard envelope.type == "message.streaming.start" else {
                throw TestSupportError("the request was refused: \(envelope)")
            }
        }
    }

    /// Waits for a whole answer, from its start on; `start` when that was taken already.
    func stream(
        of request: String,
        start: Envelope? = nil,
        chunks taken: [Envelope] = [],
        timeout: Duration = patience
    ) async throws -> StreamRecord {
        let start = if let start { start } else { try await begun(request) }
        var chunks = taken
        while true {
            let envelope = try await next(of: request, timeout: timeout)
            guard envelope.type == "message.streaming.chunk" else {
                return StreamRecord(start: start, chunks: chunks, end: envelope)
            }
            chunks.append(envelope)
        }
    }

    /// Waits for so many more chunks of a running answer.
    func chunks(_ count: Int, of request: String) async throws -> [Envelope] {
        var chunks: [Envelope] = []
        while chunks.count < count {
            let envelope = try await next(of: request)
            guard envelope.type == "message.streaming.chunk" else {
                throw TestSupportError("the stream ended after \(chunks.count) chunks: \(envelope)")
            }
            chunks.append(envelope)
        }
        return chunks
    }

    /// The next push events, in the order they came.
    func pushes(_ count: Int, timeout: Duration = patience) async throws -> [Envelope] {
        var pushes: [Envelope] = []
        while pushes.count < count {
            pushes.append(
                try await expect(timeout: timeout) { $0.type == "message.created" || $0.type == "session.updated" }
            )
        }
        return pushes
    }

    /// Waits for the push event of a message.
    @discardableResult
    func created(_ message: String, timeout: Duration = patience) async throws -> Envelope {
        try await expect("message.created", timeout: timeout) {
            $0["message"]?["message_id"]?.stringValue == message
        }
    }

    private func next(of request: String, timeout: Duration = patience) async throws -> Envelope {
        try await expect(timeout: timeout) {
            $0.requestID == request && $0.type.hasPrefix("message.streaming.") && $0.type != "message.streaming.start"
        }
    }

    private func expectAny(
        of types: [String],
        for request: String,
        _ check: (Envelope) throws -> Void
    ) async throws -> Envelope {
        let envelope = try await expect { $0.requestID == request && types.contains($0.type) }
        try check(envelope)
        return envelope
    }
}

extension JSONValue {
    /// The words of a message's text parts, put together.
    var messageText: String {
        (self["content"]?.arrayValue ?? []).map { $0["text"]?.stringValue ?? "" }.joined()
    }

    var messageState: String? { self["metadata"]?["state"]?.stringValue }
}

/// The `seq` of push events.
func sequence(_ pushes: [Envelope]) -> [Int64] {
    pushes.map { $0["seq"]?.integerValue ?? -1 }
}
