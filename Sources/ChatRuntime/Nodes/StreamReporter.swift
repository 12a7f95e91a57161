public import ChatCore
internal import CoreMetrics
public import Logging
internal import Synchronization

/// Reports what happens to streams in log and metrics.
public struct StreamReporter: StreamObserver {
    private let logger: Logger
    private let metrics = StreamMetrics()

    public init(logger: Logger) {
        self.logger = logger
    }

    public func streamBegan(_ stream: StreamIdentity) {
        metrics.active.increment()
        logger.debug("A stream began", metadata: metadata(of: stream))
    }

    public func chunkForwarded(_ stream: StreamIdentity, bytes: Int) {
        metrics.chunks.increment()
        metrics.bytes.increment(by: Int64(bytes))
    }

    public func firstChunkArrived(_ stream: StreamIdentity, after delay: Duration) {
        metrics.timeToFirstChunk.recordNanoseconds(delay.nanoseconds)
    }

    public func streamEnded(_ stream: StreamIdentity, state: Message.State?, error: ChatError?) {
        metrics.active.decrement()
        metrics.ended(state).increment()
        var metadata = metadata(of: stream)
        metadata[LogKey.state.rawValue] = .string(state?.rawValue ?? "taken_over")
        if let error {
            metadata[LogKey.error.rawValue] = .string(error.description)
            logger.notice("A stream ended with an error", metadata: metadata)
        } else {
            logger.debug("A stream ended", metadata: metadata)
        }
    }

    public func backgroundWorkFailed(_ work: StaticString, error: any Error) {
        logger.warning("Work failed", metadata: .keys([.operation: "\(work)", .error: "\(error)"]))
    }

    private func metadata(of stream: StreamIdentity) -> Logger.Metadata {
        .keys([
            .clientID: "\(stream.clientID)", .sessionID: "\(stream.sessionID)", .messageID: "\(stream.messageID)",
            .sessionTypeID: "\(stream.sessionTypeID)",
        ])
    }
}

private struct StreamMetrics: Sendable {
    let active = Meter(label: "chat_engine_active_streams")
    let chunks = Counter(label: "chat_engine_chunks_forwarded_total")
    let bytes = Counter(label: "chat_engine_chunk_bytes_forwarded_total")
    let timeToFirstChunk = Timer(label: "chat_engine_time_to_first_chunk_seconds")
    private let endedByState: [Message.State: Counter]
    private let takenOver = Counter(label: "chat_engine_streams_ended_total", dimensions: [("state", "taken_over")])

    init() {
        endedByState = Dictionary(
            uniqueKeysWithValues: Message.State.allCases.map {
                ($0, Counter(label: "chat_engine_streams_ended_total", dimensions: [("state", $0.rawValue)]))
            }
        )
    }

    func ended(_ state: Message.State?) -> Counter {
        state.flatMap { endedByState[$0] } ?? takenOver
    }
}

extension Duration {
    /// Whole nanoseconds, saturated.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }
}
