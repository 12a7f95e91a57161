internal import Synchronization

/// A sink for whoever wants the whole answer and not its pieces.
public final class AwaitedAnswer: StreamSink {
    /// How the answer ended.
    public struct Result: Sendable {
        /// The message as it was written; `nil` when another node has taken the stream over.
        public let message: Message?
        /// What went wrong, if anything did.
        public let error: ChatError?
    }

    private let results: AsyncStream<Result>
    private let result: AsyncStream<Result>.Continuation

    public init() {
        (results, result) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    /// Returns when the answer has ended. Call it once; when the calling task is cancelled it returns at once with
    /// `CancellationError`'s meaning: no message and `SERVICE_UNAVAILABLE`.
    public func wait() async -> Result {
        for await result in results { return result }
        return Result(message: nil, error: ChatError(.serviceUnavailable, "The answer was not waited for."))
    }

    public func deliver(_ chunk: StreamChunk, index: Int) async {}

    public func ended(_ message: Message, ending: StreamStateMachine.Ending) async {
        result.yield(Result(message: message, error: ending.error))
    }

    public func takenOver() async {
        let error = ChatError(.serviceUnavailable, "The answer was interrupted.", retryAfterSeconds: 1)
        result.yield(Result(message: nil, error: error))
    }
}
