internal import Metrics

/// The metrics of the calls to backends (`contract/runtime.md`, 'Metrics'), their handles made once.
struct BackendMetrics: Sendable {
    /// How a call ended; the label `outcome`.
    enum Outcome: String, CaseIterable, Sendable {
        case success
        case connection
        case timeout
        case status
        case malformed
        case incomplete
        case reported
        case overloaded
        case refusedAddress = "refused_address"
        case circuitOpen = "circuit_open"
        /// By our side: the client stopped it or is gone.
        case cancelled
        /// What takes the answer failed, not the backend.
        case aborted
    }

    private let calls: [WebhookEvent: [Outcome: Counter]]
    private let timeToFirstChunk: Metrics.Timer
    private let chunks: Counter
    private let bytes: Counter

    init(factory: any MetricsFactory) {
        timeToFirstChunk = Metrics.Timer(
            label: "chat_engine_backend_time_to_first_chunk_seconds",
            factory: factory
        )
        chunks = Counter(label: "chat_engine_stream_chunks_total", factory: factory)
        bytes = Counter(label: "chat_engine_stream_bytes_total", factory: factory)
        var calls: [WebhookEvent: [Outcome: Counter]] = [:]
        for event in WebhookEvent.allCases {
            for outcome in Outcome.allCases {
                calls[event, default: [:]][outcome] = Counter(
                    label: "chat_engine_backend_calls_total",
                    dimensions: [("event", event.rawValue), ("outcome", outcome.rawValue)],
                    factory: factory
                )
            }
        }
        self.calls = calls
    }

    func called(_ event: WebhookEvent, _ outcome: Outcome) {
        calls[event]?[outcome]?.increment()
    }

    func firstChunk(afterNanoseconds nanoseconds: Int64) {
        timeToFirstChunk.recordNanoseconds(nanoseconds)
    }

    func received(bytes count: Int, chunks chunkCount: Int) {
        bytes.increment(by: count)
        if chunkCount > 0 { chunks.increment(by: chunkCount) }
    }
}

extension BackendMetrics.Outcome {
    init(of error: any Error) {
        switch error {
        case let failure as BackendFailure: self.init(of: failure.reason)
        case is CancellationError: self = .cancelled
        default: self = .aborted
        }
    }

    private init(of reason: BackendFailure.Reason) {
        switch reason {
        case .connection, .brokenOff: self = .connection
        case .timeout: self = .timeout
        case .status: self = .status
        case .malformed: self = .malformed
        case .incomplete: self = .incomplete
        case .reported: self = .reported
        case .overloaded: self = .overloaded
        case .refusedAddress: self = .refusedAddress
        case .circuitOpen: self = .circuitOpen
        }
    }
}
