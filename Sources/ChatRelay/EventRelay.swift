public import ChatCore
import ChatRuntime
import CoreMetrics
public import Logging
public import ServiceLifecycle

/// Publishes committed push events on the bus, each client's in order, however many relays run: a shard of the outbox is
/// drained by one relay at a time, and an event leaves the outbox only when the bus has taken it.
public struct EventRelay: Service {
    /// How long an event waits at most when its announcement was lost.
    public static let pollInterval: Duration = .milliseconds(250)
    private static let batchCount = 500
    private static let parallelShards = 4

    private let outbox: any EventOutbox
    private let bus: any SignalBus
    private let logger: Logger
    private let relayed = Counter(label: "chat_engine_events_relayed_total")
    private let lag = CoreMetrics.Timer(label: "chat_engine_event_lag_seconds")

    public init(outbox: any EventOutbox, bus: any SignalBus, logger: Logger) {
        self.outbox = outbox
        self.bus = bus
        self.logger = logger
    }

    /// Relays until a graceful shutdown begins or the task is cancelled. What fails stays in the outbox and is tried again.
    public func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription = await bus.subscribe(to: .outbox) { _ in wake.yield() }
        defer { subscription.cancel() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.relay(on: wakes) }
            group.addTask {
                while !Task.isShuttingDownGracefully, !Task.isCancelled {
                    wake.yield()
                    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pollInterval) }
                }
                wake.finish()
            }
        }
    }

    private func relay(on wakes: AsyncStream<Void>) async {
        var hasFailed = false
        for await _ in wakes {
            do {
                try await drainOnce()
                if hasFailed { logger.info("Relaying goes on") }
                hasFailed = false
            } catch {
                // Said once: it is tried again four times a second.
                if !hasFailed { logger.warning("Events wait in the outbox", metadata: .keys([.error: "\(error)"])) }
                hasFailed = true
            }
        }
    }

    /// Drains every shard that has something, until all are empty or another relay has them.
    func drainOnce() async throws {
        let shards = try await outbox.waitingShards()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, shard) in shards.enumerated() {
                if index >= Self.parallelShards { try await group.next() }
                group.addTask { try await self.drain(shard) }
            }
            try await group.waitForAll()
        }
    }

    private func drain(_ shard: Int) async throws {
        while try await outbox.drain(shard: shard, limit: Self.batchCount, publish: publish) == .moreWaiting {}
    }

    /// Events of one client go one after the other, those of different clients side by side.
    @Sendable private func publish(_ events: [PushEvent]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (client, events) in Dictionary(grouping: events, by: \.clientID) {
                group.addTask {
                    for event in events {
                        try await bus.publish(PushEventSignal.encode(event), on: .events(of: client))
                        relayed.increment()
                        let age = Timestamp.now.microsecondsSince1970 - event.createdAt.microsecondsSince1970
                        lag.recordMicroseconds(max(0, age))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
