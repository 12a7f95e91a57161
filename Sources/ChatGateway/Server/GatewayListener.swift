import ChatCore
import ChatRuntime
import CoreMetrics
import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// The gateway's public listener: takes WebSocket connections until the process goes away, and then lets go of them
/// without losing a stream (`contract/runtime.md`, 'Life cycle').
public struct GatewayListener: Service {
    /// Within this after draining began, clients are asked to come back elsewhere, each at another moment.
    private static let reconnectSpreadMilliseconds = 5000
    /// How long the close frames of the last connections may take.
    private static let closingPatience: Duration = .seconds(5)

    private let services: GatewayServices
    private let bound: @Sendable (_ port: Int) -> Void

    /// - Parameter bound: called with the port once connections are taken.
    public init(services: GatewayServices, bound: @escaping @Sendable (_ port: Int) -> Void = { _ in }) {
        self.services = services
        self.bound = bound
    }

    /// Serves until a graceful shutdown begins, then drains.
    ///
    /// - Throws: `ListenerFailure` when the port cannot be opened.
    public func run() async throws {
        let listener = try await bind()
        let port = listener.localAddress?.port ?? services.configuration.listener.port
        services.logger.info("Gateway listening", metadata: .keys([.port: "\(port)"]))
        bound(port)
        let watching = Task { await services.push.watchLogWithoutBus() }
        defer { watching.cancel() }
        try? await gracefulShutdown()
        services.drain.beginDraining()
        try? await listener.close().get()
        await drainConnections()
    }

    private func bind() async throws -> any Channel {
        let host = services.configuration.runtime.host
        let port = services.configuration.listener.port
        do {
            let bootstrap = HandshakePipeline.bootstrap(GatewayAcceptor(services: services))
            return try await bootstrap.bind(host: host, port: port).get()
        } catch {
            throw ListenerFailure(host: host, port: port, listener: .public, underlyingError: error)
        }
    }

    private func drainConnections() async {
        let patience = services.configuration.runtime.drainSeconds
        let deadline = Timestamp.now.advanced(bySeconds: Int64(patience))
        let patienceEnds = ContinuousClock.now + .seconds(patience)
        for connection in services.connections.all {
            let delay = Int.random(in: 0...Self.reconnectSpreadMilliseconds)
            connection.announceDrain(DrainNotice(reconnectAfterMilliseconds: delay, deadline: deadline))
            services.metrics.drainedConnections.increment()
        }
        // In this order: what is under way may begin a stream, and a stream that has ended may have to be shown.
        await services.running.untilNone(before: patienceEnds)
        await DrainStreams(registry: services.streams)(within: patienceEnds - .now)
        await services.connections.untilStreamsAreShown(before: patienceEnds)
        for connection in services.connections.all { connection.close(.goingAway, reason: "the node goes away") }
        let end = ContinuousClock.now + Self.closingPatience
        while services.connections.count > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
