/// Keeps what a running stream writes: its checkpoints and its end. Errors as in ``MessageStore``.
public protocol StreamStore: Sendable {
    /// As ``MessageStore/checkpoint(_:)``.
    func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool

    /// Ends a stream: its content, its state and the events that tell of it in one transaction.
    ///
    /// - Returns: `nil` when this node owns the stream no longer: somebody else has ended it, and nothing was written.
    func finish(_ end: StreamEnd) async throws -> StreamResult?

    /// How the stream ended; `nil` while it has not.
    func result(of stream: MessageID, client: ClientID) async throws -> StreamResult?
}

/// How a stream ended, as it is written.
public struct StreamResult: Sendable {
    /// Never `streaming`.
    public var state: Message.State
    public var content: [ContentPart]
    /// How many chunks are contained in the content.
    public var chunks: Int
    public var metadata: JSONObject
    /// The answer; `nil` for a summary, which is no message.
    public var message: Message?

    public init(
        state: Message.State,
        content: [ContentPart],
        chunks: Int,
        metadata: JSONObject,
        message: Message? = nil
    ) {
        self.state = state
        self.content = content
        self.chunks = chunks
        self.metadata = metadata
        self.message = message
    }

    public init(_ message: Message, chunks: Int) {
        self.init(
            state: message.state,
            content: message.content,
            chunks: chunks,
            metadata: message.metadata,
            message: message
        )
    }
}

/// The streams of answers, which end in messages.
struct AnswerStreamStore: StreamStore {
    let messages: any MessageStore

    func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool {
        try await messages.checkpoint(checkpoint)
    }

    func finish(_ end: StreamEnd) async throws -> StreamResult? {
        try await messages.finishStream(end).map { StreamResult($0, chunks: end.chunks) }
    }

    func result(of stream: MessageID, client: ClientID) async throws -> StreamResult? {
        guard let message = try await messages.message(stream, of: client), message.state != .streaming else {
            return nil
        }
        // Only asked for by the node that ran the stream, which knows better how many chunks there were.
        return StreamResult(message, chunks: 0)
    }
}
