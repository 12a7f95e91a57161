internal import ChatCore
internal import NIOCore

/// Turns the bytes of a streaming answer into events (`contract/webhook.md`, 'A streaming answer').
struct StreamDecoder: Sendable {
    private var parser: SSEParser
    /// The stream said `complete`; whatever follows is skipped.
    private(set) var isComplete = false

    init(limits: SSEParser.Limits) {
        parser = SSEParser(limits: limits)
    }

    /// Appends the events that `buffer` completes.
    ///
    /// - Throws: ``BackendFailure`` for what does not fit and for `event: error`; the events before it are in `events`
    ///   all the same, for they did arrive.
    mutating func decode(_ buffer: ByteBuffer, into events: inout [BackendEvent]) throws(BackendFailure) {
        var isComplete = isComplete
        do {
            try buffer.withUnsafeReadableBytes { bytes in
                try parser.parse(bytes) { event in
                    guard !isComplete, let decoded = try Self.decode(event) else { return }
                    if case .complete = decoded { isComplete = true }
                    events.append(decoded)
                }
            }
        } catch let failure as BackendFailure {
            throw failure
        } catch {
            throw BackendFailure(.malformed, "An event of the stream is too long", underlyingError: error)
        }
        self.isComplete = isComplete
    }

    /// To be called when the body has ended.
    ///
    /// - Throws: ``BackendFailure`` unless the stream said `complete`.
    func finish() throws(BackendFailure) {
        guard isComplete else { throw BackendFailure(.incomplete, "The stream ended without a complete event") }
    }

    private static func decode(_ event: SSEParser.Event) throws(BackendFailure) -> BackendEvent? {
        if event.name.elementsEqual("chunk".utf8) {
            return .chunk(try chunk(event))
        } else if event.name.elementsEqual("complete".utf8) {
            return .complete(metadata: try metadata(event))
        } else if event.name.elementsEqual("error".utf8) {
            throw BackendFailure(.reported, "The backend reported: \(String(decoding: event.data, as: UTF8.self))")
        }
        return nil
    }

    private static func chunk(_ event: SSEParser.Event) throws(BackendFailure) -> StreamChunk {
        let value = try json(event.data)
        // A line break would have to be put into several lines again wherever the text goes; without one the text is
        // the backend's own.
        let text = event.hasSeveralLines ? value.text : String(decoding: event.data, as: UTF8.self)
        return try StreamChunk(value, text: text)
    }

    private static func metadata(_ event: SSEParser.Event) throws(BackendFailure) -> JSONObject {
        if event.data.isEmpty { return [:] }
        guard case .object(let members) = try json(event.data) else {
            throw BackendFailure(.malformed, "The data of a complete event is no object")
        }
        return try BackendAnswer.metadata(of: members)
    }

    private static func json(_ bytes: UnsafeRawBufferPointer) throws(BackendFailure) -> JSONValue {
        do {
            return try JSONParser.parse(bytes)
        } catch {
            throw BackendFailure(.malformed, "The data of an event is not valid JSON", underlyingError: error)
        }
    }
}
