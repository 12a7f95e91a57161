public import ChatCore
public import Logging
import Metrics
public import NIOCore
public import ServiceLifecycle
import Synchronization

/// The signal bus on Redis: publishing on one connection, subscriptions on another, both made anew when lost.
///
/// It connects while ``run()`` runs. Signals are delivered in order of arrival on the event loop of the subscriptions.
public final class RedisBus: SignalBus, Service {
    private let configuration: RedisConfiguration
    private let commands: CommandPipeline
    private let subscriptions: SubscriptionHub
    private let links: [RedisLink]
    private let hasRun = Atomic(false)
    private let publishedCounter = Counter(label: "chat_engine_redis_published_total")

    public init(configuration: RedisConfiguration, eventLoopGroup: any EventLoopGroup, logger: Logger) {
        self.configuration = configuration
        self.commands = CommandPipeline(configuration: configuration)
        self.subscriptions = SubscriptionHub()
        self.links = [
            RedisLink(
                role: .commands,
                configuration: configuration,
                eventLoop: eventLoopGroup.next(),
                traffic: commands,
                logger: logger
            ),
            RedisLink(
                role: .subscriptions,
                configuration: configuration,
                eventLoop: eventLoopGroup.next(),
                traffic: subscriptions,
                logger: logger
            ),
        ]
    }

    /// Keeps both connections alive until graceful shutdown or cancellation, then lets the server answer what was sent
    /// and leaves, at most the configured connect or close timeout later.
    ///
    /// - Throws: ``ChatCore/SignalBusError`` `refused` when called a second time.
    public func run() async throws {
        guard !hasRun.exchange(true, ordering: .relaxed) else {
            throw SignalBusError(.refused, "a bus runs once")
        }
        await cancelWhenGracefulShutdown { [links] in
            await withTaskGroup { group in
                for link in links {
                    group.addTask { await link.run() }
                }
            }
        }
    }

    /// Whether both connections are ready.
    public var isConnected: Bool {
        commands.isConnected && subscriptions.isConnected
    }

    /// Asks the server for a sign of life.
    ///
    /// - Throws: as ``publish(_:on:)``.
    public func ping() async throws {
        let reply = try await commands.perform(RedisCommand.ping())
        guard case .status = reply else { throw SignalBusError(.refused, "an unexpected reply to PING") }
    }

    /// Sends `payload` to every subscriber of `channel`, on any node.
    ///
    /// - Returns: how many connections it was handed to.
    /// - Throws: ``ChatCore/SignalBusError``: `notConnected` and `queueFull` at once; `timedOut`, and `connectionLost`
    ///   when it is unknown whether the signal was sent; `refused` when the server does not take it or `payload` is
    ///   larger than ``RedisConfiguration/maximumPayloadBytes``. On cancellation `CancellationError` at once, though the
    ///   signal may be sent.
    @discardableResult
    public func publish(_ payload: [UInt8], on channel: SignalChannel) async throws -> Int {
        guard payload.count <= configuration.maximumPayloadBytes else {
            throw SignalBusError(.refused, "a signal may have \(configuration.maximumPayloadBytes) bytes")
        }
        let reply = try await commands.perform(RedisCommand.publish(payload, on: channel.name))
        guard case .integer(let count) = reply else {
            throw SignalBusError(.refused, "an unexpected reply to PUBLISH")
        }
        publishedCounter.increment()
        return count
    }

    /// Has `receive` called for every signal on `channel`, in order of arrival, on the event loop: it must not block.
    ///
    /// Returns when the subscription is in force. Without a connection, or when the task is cancelled, it returns at
    /// once; the subscription takes force as soon as it can and is told so by `restored`, as after each reconnect.
    public func subscribe(
        to channel: SignalChannel,
        receive: @escaping @Sendable (SignalDelivery) -> Void
    ) async -> any SignalSubscription {
        await subscriptions.subscribe(to: channel.name, receive: receive)
    }
}
