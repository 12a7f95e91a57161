import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Keeps one connection alive: connects, waits for its end, waits a little, connects again.
final class RedisLink: Sendable {
    private let role: RedisConnectionRole
    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let traffic: any RedisTraffic
    private let metrics: RedisMetrics
    private let logger: Logger

    private struct Connection: Sendable {
        let channel: any Channel
        let ended: EventLoopFuture<RedisConnectionHandler.Report>
    }

    init(
        role: RedisConnectionRole,
        configuration: RedisConfiguration,
        eventLoop: any EventLoop,
        traffic: any RedisTraffic,
        logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: RedisLogKey.connection.rawValue] = "\(role.rawValue)"
        self.role = role
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.traffic = traffic
        self.metrics = RedisMetrics(role: role)
        self.logger = logger
    }

    /// Returns when the task is cancelled and the connection is left: at most the connect or close timeout later.
    func run() async {
        metrics.disconnected()
        var backoff = ReconnectBackoff(
            minimum: configuration.minimumReconnectDelay,
            maximum: configuration.maximumReconnectDelay
        )
        var generator = SystemRandomNumberGenerator()
        var wasReady = false
        var attempts = 0
        while !Task.isCancelled {
            let report = await connect(isReconnect: wasReady)
            metrics.disconnected()
            guard !Task.isCancelled else { break }
            wasReady = wasReady || report.lifetime != nil
            attempts = report.lifetime == nil ? attempts + 1 : 0
            let delay = backoff.next(afterConnectionOf: report.lifetime ?? .zero, using: &generator)
            log(report, attempts: attempts, delay: delay)
            if delay > .zero { try? await Task.sleep(for: delay) }
        }
        logger.record(.info, "redis connection left", [:])
    }

    /// One connection, from the attempt to its end.
    private func connect(isReconnect: Bool) async -> RedisConnectionHandler.Report {
        do {
            let connection = try await open { [metrics, logger, configuration] in
                metrics.becameReady(isReconnect: isReconnect)
                logger.record(.info, "redis connected", [.address: "\(configuration)"])
            }
            return try await withTaskCancellationHandler {
                try await connection.ended.get()
            } onCancel: {
                connection.channel.triggerUserOutboundEvent(RedisConnectionHandler.ShutDown(), promise: nil)
            }
        } catch {
            return RedisConnectionHandler.Report(error: error, lifetime: nil)
        }
    }

    private func open(onReady: @escaping @Sendable () -> Void) async throws -> Connection {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
        let initialize: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try self.setUp(channel, onReady: onReady)
            }
        }
        switch configuration.address {
        case .unix(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initialize)
        case .tcp(let host, let port):
            return try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port, channelInitializer: initialize)
        }
    }

    private func setUp(_ channel: any Channel, onReady: @escaping @Sendable () -> Void) throws -> Connection {
        let pipeline = channel.pipeline.syncOperations
        if let context = configuration.tlsContext, case .tcp(let host, _) = configuration.address {
            // Without a name to send, the certificate is verified against the address that was connected to.
            let serverName = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: serverName))
        }
        let report = channel.eventLoop.makePromise(of: RedisConnectionHandler.Report.self)
        do {
            let handler = try RedisConnectionHandler(
                configuration: configuration,
                role: role,
                traffic: traffic,
                now: channel.eventLoop.now,
                report: report,
                logger: logger,
                onReady: onReady
            )
            try pipeline.addHandler(handler)
        } catch {
            report.fail(error)
            throw error
        }
        return Connection(channel: channel, ended: report.futureResult)
    }

    /// The first failure is news, its repetitions are not.
    private func log(_ report: RedisConnectionHandler.Report, attempts: Int, delay: Duration) {
        let error = report.error.map { "\($0)" } ?? "left"
        let milliseconds = Int((delay / .milliseconds(1)).rounded())
        if report.lifetime != nil {
            logger.record(
                .warning,
                "redis connection lost",
                [.error: "\(error)", .delayMilliseconds: "\(milliseconds)"]
            )
        } else {
            logger.record(
                attempts == 1 ? .warning : .debug,
                "redis out of reach",
                [
                    .address: "\(configuration)", .error: "\(error)", .attempts: "\(attempts)",
                    .delayMilliseconds: "\(milliseconds)",
                ]
            )
        }
    }
}
