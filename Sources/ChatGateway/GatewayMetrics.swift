import ChatCore
import CoreMetrics

/// The gateway's own metrics (`contract/runtime.md`, 'Metrics').
struct GatewayMetrics: Sendable {
    let connections = Gauge(label: "chat_engine_connections")
    let pushEvents = Counter(label: "chat_engine_push_events_delivered_total")
    let replayedEvents = Counter(label: "chat_engine_push_events_replayed_total")
    let resyncs = Counter(label: "chat_engine_resyncs_total")
    let drainedConnections = Counter(label: "chat_engine_drained_connections_total")
    let slowConsumers = Counter(label: "chat_engine_slow_consumer_closes_total")
    let badInputs = Counter(label: "chat_engine_bad_inputs_total")
    let excessMessages = Counter(label: "chat_engine_excess_messages_total")
    private let resumesOfRunning = resumes("running")
    private let resumesOfEnded = resumes("ended")
    private let resumesRefused = resumes("refused")

    private static func resumes(_ outcome: String) -> Counter {
        Counter(label: "chat_engine_stream_resumes_total", dimensions: [("outcome", outcome)])
    }

    func resumed(_ progress: KnownStream.Progress) {
        switch progress {
        case .running: resumesOfRunning.increment()
        case .ended: resumesOfEnded.increment()
        }
    }

    func resumeRefused() { resumesRefused.increment() }
}
