internal import ChatRuntime
public import Hummingbird
public import HummingbirdCore
public import Logging
public import NIOCore
internal import Synchronization

/// Serves the REST API (`contract/rest.md`).
///
/// Last among the services of a process: on graceful shutdown it stops accepting first, lets the requests that run
/// finish, and ends.
public struct RESTServer: ApplicationProtocol {
    public let responder: RouterResponder<APIContext>
    public let configuration: ApplicationConfiguration
    public let logger: Logger
    private let settings: RESTSettings
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// `onListening` is told the port, which is interesting where the configured one is 0.
    public init(
        _ services: RESTServices,
        settings: RESTSettings,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        let table = RouteTable(edge: Edge(services: services, settings: settings))
        let operations = services.operations(publicBaseURL: settings.publicBaseURL)
        SessionTypeRoutes(sessionTypes: services.sessionTypes, checkSessionType: services.checkSessionType)
            .add(to: table)
        SessionRoutes(sessions: services.sessions, operations: operations).add(to: table)
        SessionEditRoutes(operations: operations, editing: services.editing).add(to: table)
        MessageTreeRoutes(operations: operations, editing: services.editing).add(to: table)
        SendMultiRoutes(sendMulti: services.sendMulti).add(to: table)
        MessageRoutes(operations: operations).add(to: table)
        SearchRoutes(operations: operations).add(to: table)
        ExportRoutes(operations: operations, exporting: services.exporting).add(to: table)
        ShareRoutes(operations: operations, shares: services.shares).add(to: table)
        EventRoutes(followEvents: services.followEvents, drain: services.drain).add(to: table)
        DescriptionRoutes().add(to: table)
        responder = table.makeRouter().buildResponder()
        configuration = ApplicationConfiguration(address: .hostname(settings.host, port: settings.port))
        logger = services.logger
        self.settings = settings
        self.onListening = onListening
    }

    /// Bounds what a connection may hold on to, and finishes what is no answer of the API's own.
    public var server: HTTPServerBuilder { .http1(configuration: .limited) }

    public func onServerRunning(_ channel: any Channel) async {
        await onListening(channel.localAddress?.port ?? settings.port)
    }

    /// Serves until graceful shutdown.
    ///
    /// - Throws: `ListenerFailure` when the port cannot be opened.
    public func run() async throws {
        let isListening = Atomic(false)
        let application = Application(
            responder: responder,
            server: server,
            configuration: configuration,
            onServerRunning: { channel in
                isListening.store(true, ordering: .relaxed)
                await onServerRunning(channel)
            },
            logger: logger
        )
        do {
            try await application.run()
        } catch  where !isListening.load(ordering: .relaxed) && !(error is CancellationError) {
            throw ListenerFailure(
                host: settings.host,
                port: settings.port,
                listener: .public,
                underlyingError: error
            )
        }
    }
}
