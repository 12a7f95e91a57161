import CoreMetrics

/// The gateway's own metrics (`contract/runtime.md`, 'Metrics').
struct GatewayMetrics: Sendable {
    let connections = Gauge(label: "chat_engine_connections")
    let pushEvents = Counter(label: "chat_engine_push_events_delivered_total")
    let drainedConnections = Counter(label: "chat_engine_drained_connections_total")
    let badInputs = Counter(label: "chat_engine_bad_inputs_total")
}
