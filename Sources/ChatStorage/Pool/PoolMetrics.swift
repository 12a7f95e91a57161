import Metrics

/// What the pool shows of itself.
struct PoolMetrics {
    private let inUse = Gauge(label: "chat_engine_database_connections_in_use")
    /// Operations that wait for a connection.
    private let waiting = Gauge(label: "chat_engine_database_connections_waiting")
    private let queryDuration = Timer(label: "chat_engine_database_query_duration_seconds")
    private let reconnects = Counter(label: "chat_engine_database_reconnects_total")
    private var lastInUse = -1
    private var lastWaiting = -1

    mutating func show(inUse: Int, waiting: Int) {
        if inUse != lastInUse { self.inUse.record(inUse) }
        if waiting != lastWaiting { self.waiting.record(waiting) }
        (lastInUse, lastWaiting) = (inUse, waiting)
    }

    /// From hand-over to libpq until the answer is complete.
    func answered(afterNanoseconds nanoseconds: UInt64) {
        queryDuration.recordNanoseconds(Int64(clamping: nanoseconds))
    }

    func reconnected() {
        reconnects.increment()
    }
}
