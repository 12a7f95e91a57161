import ChatBus
import ChatCore
import Logging
import ServiceLifecycle
import Testing

/// A running bus and what it logs.
struct BusHarness: Sendable {
    let bus: RedisBus
    let log: LogWatch

    /// Runs a bus for the time of `body`, connected from the start, and ends it by a graceful shutdown.
    static func run(
        _ configuration: RedisConfiguration,
        _ body: @escaping @Sendable (BusHarness) async throws -> Void
    ) async throws {
        try await runUnconnected(configuration) { harness in
            await harness.log.wait(for: "redis connected", count: 2)
            try await body(harness)
        }
    }

    /// Like ``run(_:_:)``, without waiting for the connections.
    static func runUnconnected(
        _ configuration: RedisConfiguration,
        _ body: @escaping @Sendable (BusHarness) async throws -> Void
    ) async throws {
        let log = LogWatch()
        let logger = Logger(label: "test") { _ in log.handler() }
        let bus = RedisBus(configuration: configuration, logger: logger)
        let services = ServiceGroup(services: [bus], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await body(BusHarness(bus: bus, log: log))
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// Publishes and expects `count` receivers.
    func publish(
        _ payload: [UInt8],
        on channel: SignalChannel,
        reaching count: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let reached = try await bus.publish(payload, on: channel)
        #expect(reached == count, sourceLocation: sourceLocation)
    }

    func publish(
        _ text: String,
        on channel: SignalChannel,
        reaching count: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await publish(Array(text.utf8), on: channel, reaching: count, sourceLocation: sourceLocation)
    }

    /// What arrives on `channel` from now on.
    func deliveries(
        on channel: SignalChannel
    ) async -> (subscription: any SignalSubscription, deliveries: AsyncStream<SignalDelivery>) {
        let (stream, continuation) = AsyncStream.makeStream(of: SignalDelivery.self)
        let subscription = await bus.subscribe(to: channel) { continuation.yield($0) }
        return (subscription, stream)
    }
}

extension RedisConfiguration {
    /// Times short enough for a test to see a fault noticed, long enough for a busy machine.
    static func forTest(_ url: String) throws -> RedisConfiguration {
        var configuration = try RedisConfiguration(url: url)
        configuration.pingInterval = .milliseconds(200)
        configuration.pingTimeout = .seconds(1)
        configuration.commandTimeout = .seconds(20)
        configuration.maximumReconnectDelay = .milliseconds(500)
        return configuration
    }
}

extension SignalChannel {
    /// A channel no other test has.
    static func unique() -> SignalChannel {
        SignalChannel(name: "test:\(UInt64.random(in: .min ... .max))")
    }
}

extension SignalDelivery {
    static func text(_ text: String) -> SignalDelivery {
        .signal(Array(text.utf8))
    }
}
