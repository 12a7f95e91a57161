import Metrics

/// The metrics of one connection, and of what goes over it.
struct RedisMetrics: Sendable {
    private let connected: Gauge
    private let reconnects: Counter

    init(role: RedisConnectionRole) {
        let dimensions = [("connection", role.rawValue)]
        self.connected = Gauge(label: "chat_engine_redis_connected", dimensions: dimensions)
        self.reconnects = Counter(label: "chat_engine_redis_reconnects_total", dimensions: dimensions)
    }

    func becameReady(isReconnect: Bool) {
        connected.record(1)
        if isReconnect { reconnects.increment() }
    }

    func disconnected() {
        connected.record(0)
    }
}
