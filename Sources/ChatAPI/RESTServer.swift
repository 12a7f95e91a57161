internal import ChatRuntime
internal import Hummingbird
public import ServiceLifecycle
internal import Synchronization

/// Serves the REST API (`contract/rest.md`).
///
/// Last among the services of a process: on graceful shutdown it stops accepting first, lets the requests that run
/// finish, and ends.
public struct RESTServer: Service {
    private let services: RESTServices
    private let settings: RESTSettings
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// `onListening` is told the port, which is interesting where the configured one is 0.
    public init(
        _ services: RESTServices,
        settings: RESTSettings,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.services = services
        self.settings = settings
        self.onListening = onListening
    }

    /// Serves until graceful shutdown.
    ///
    /// - Throws: `ListenerFailure` when the port cannot be opened.
    public func run() async throws {
        let isListening = Atomic(false)
        let application = makeApplication { port in
            isListening.store(true, ordering: .relaxed)
            await onListening(port)
        }
        do {
            try await application.run()
        } catch  where !isListening.load(ordering: .relaxed) {
            throw ListenerFailure(
                host: settings.host,
                port: settings.port,
                listener: .public,
                underlyingError: error
            )
        }
    }

    func makeApplication(
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: makeRouter(),
            server: .http1(configuration: .limited),
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port)),
            onServerRunning: { [port = settings.port] channel in
                await onListening(channel.localAddress?.port ?? port)
            },
            logger: services.logger
        )
    }

    private func makeRouter() -> Router<BasicRequestContext> {
        let table = RouteTable(edge: Edge(services: services, settings: settings))
        SessionTypeRoutes(sessionTypes: services.sessionTypes).add(to: table)
        SessionRoutes(sessions: services.sessions, createSession: services.createSession).add(to: table)
        MessageRoutes(messages: services.messages, stopMessage: services.stopMessage).add(to: table)
        return table.makeRouter()
    }
}
