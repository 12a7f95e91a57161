internal import Metrics
internal import Synchronization

/// The metrics of one method on one route, their handles made once.
final class RouteMetrics: Sendable {
    /// In place of a path that matches no route.
    static let unmatchedRoute = "unmatched"

    let method: String
    /// The route's pattern, never the URI.
    let route: String
    private let durations: Metrics.Timer
    /// By status.
    private let requests = Mutex<[Int: Counter]>([:])

    private let factory: any MetricsFactory

    init(method: String, route: String, factory: any MetricsFactory) {
        self.factory = factory
        self.method = method
        self.route = route
        durations = Metrics.Timer(
            label: "chat_engine_http_request_duration_seconds",
            dimensions: [("method", method), ("route", route)],
            factory: factory
        )
    }

    func record(status: Int, nanoseconds: Int64) {
        durations.recordNanoseconds(nanoseconds)
        counter(of: status).increment()
    }

    private func counter(of status: Int) -> Counter {
        requests.withLock { requests in
            if let counter = requests[status] { return counter }
            let counter = Counter(
                label: "chat_engine_http_requests_total",
                dimensions: [("method", method), ("route", route), ("status", "\(status)")],
                factory: factory
            )
            requests[status] = counter
            return counter
        }
    }
}
