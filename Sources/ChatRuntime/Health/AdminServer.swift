internal import ChatCore
internal import Hummingbird
public import Logging
public import ServiceLifecycle
internal import Synchronization

/// Serves `/healthz`, `/readyz` and `/metrics` on the administration port (`contract/runtime.md`, 'Configuration').
///
/// First among the services of a process, so that it is the last to go and can tell of the drain.
public struct AdminServer: Service {
    private let host: String
    private let port: Int
    private let readiness: ReadinessRegistry
    private let metrics: PrometheusMetricsFactory
    private let processMetrics: ProcessMetrics
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// `onListening` is told the port, which is interesting where the configured one is 0.
    public init(
        _ configuration: RuntimeConfiguration,
        readiness: ReadinessRegistry,
        metrics: PrometheusMetricsFactory,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        host = configuration.host
        port = configuration.adminPort
        self.readiness = readiness
        self.metrics = metrics
        processMetrics = ProcessMetrics(role: configuration.role, startedAt: .now)
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown.
    ///
    /// - Throws: ``ListenerFailure`` when the port cannot be opened.
    public func run() async throws {
        let isListening = Atomic(false)
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [port, onListening] channel in
                isListening.store(true, ordering: .relaxed)
                await onListening(channel.localAddress?.port ?? port)
            },
            logger: logger
        )
        do {
            try await application.run()
        } catch  where !isListening.load(ordering: .relaxed) {
            throw ListenerFailure(host: host, port: port, listener: .administration, underlyingError: error)
        }
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.get("healthz") { _, _ in
            answer(.ok, json, JSONValue.object(["status": "alive"]).text)
        }
        router.get("readyz") { [readiness] _, _ in
            let report = await readiness.report()
            return answer(report.isReady ? .ok : .serviceUnavailable, json, report.json.text)
        }
        router.get("metrics") { [metrics, processMetrics] _, _ in
            answer(.ok, PrometheusText.contentType, metrics.render() + processMetrics.render())
        }
        return router
    }
}

private let json = "application/json; charset=utf-8"

private func answer(_ status: HTTPResponse.Status, _ contentType: String, _ body: String) -> EditedResponse<String> {
    EditedResponse(
        status: status,
        headers: [.contentType: contentType, .cacheControl: "no-store"],
        response: body
    )
}
