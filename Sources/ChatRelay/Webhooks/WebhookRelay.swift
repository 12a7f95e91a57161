public import ChatCore
import ChatRuntime
public import Logging
public import ServiceLifecycle
import Synchronization

/// Delivers background events to backends, however many relays run: what one has taken nobody else gets while its lease
/// holds, and what a relay that died had taken is delivered by another when that has run out. A backend may therefore get
/// an event twice, with the same `webhook-id`.
public final class WebhookRelay: Service {
    public static let pollInterval: Duration = .milliseconds(250)
    public static let leaseSeconds = 15
    public static let renewalInterval: Duration = .seconds(5)
    private static let settlingAttempts = 5

    private let outbox: any WebhookOutbox
    private let backend: any BackgroundBackend
    private let logger: Logger
    private let drainSeconds: Int
    private let policy: DeliveryPolicy
    private let lease: DeliveryLease
    private let desk = Mutex(DeliveryDesk())
    private let metrics = DeliveryMetrics()

    /// - Parameter drainSeconds: how long what is under way at the shutdown may go on.
    public convenience init(
        outbox: any WebhookOutbox,
        backend: any BackgroundBackend,
        drainSeconds: Int,
        logger: Logger
    ) {
        self.init(
            outbox: outbox,
            backend: backend,
            drainSeconds: drainSeconds,
            logger: logger,
            policy: DeliveryPolicy()
        )
    }

    init(
        outbox: any WebhookOutbox,
        backend: any BackgroundBackend,
        drainSeconds: Int,
        logger: Logger,
        policy: DeliveryPolicy
    ) {
        self.outbox = outbox
        self.backend = backend
        self.drainSeconds = drainSeconds
        self.logger = logger
        self.policy = policy
        lease = DeliveryLease(relayID: .make(), seconds: Self.leaseSeconds)
    }

    private enum Part {
        case helper, end
    }

    /// Delivers until a graceful shutdown begins, and what is under way then to its end, if that comes soon. What is not
    /// delivered then, or when the task is cancelled, is left to other relays.
    public func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Part.self) { parts in
            parts.addTask {
                await Self.poll(wake)
                return .helper
            }
            parts.addTask {
                await self.keepLease()
                return .helper
            }
            parts.addTask {
                await self.deliver(on: wakes, wake)
                return .end
            }
            parts.addTask { [drainSeconds] in
                try? await gracefulShutdown()
                try? await Task.sleep(for: .seconds(drainSeconds))
                return .end
            }
            while await parts.next() == .helper {}
            parts.cancelAll()
        }
    }

    private func deliver(on wakes: AsyncStream<Void>, _ wake: AsyncStream<Void>.Continuation) async {
        await withDiscardingTaskGroup { deliveries in
            var hasFailed = false
            for await _ in wakes {
                for delivery in await take(&hasFailed) {
                    deliveries.addTask {
                        await self.deliver(delivery)
                        wake.yield()
                    }
                }
            }
        }
    }

    /// Takes what is due and delivers it; returns when all of it is settled.
    func deliverOnce() async {
        var hasFailed = false
        await withDiscardingTaskGroup { deliveries in
            for delivery in await take(&hasFailed) { deliveries.addTask { await self.deliver(delivery) } }
        }
    }

    private static func poll(_ wake: AsyncStream<Void>.Continuation) async {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            wake.yield()
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pollInterval) }
        }
        wake.finish()
    }

    private func keepLease() async {
        while (try? await Task.sleep(for: Self.renewalInterval)) != nil {
            let held = desk.withLock { $0.held }
            guard !held.isEmpty else { continue }
            do {
                try await outbox.renew(held, for: lease)
            } catch {
                logger.warning("The lease of deliveries was not renewed", metadata: .keys([.error: "\(error)"]))
            }
        }
    }

    /// - Parameter hasFailed: whether it failed the last time; said once, as it is tried again four times a second.
    private func take(_ hasFailed: inout Bool) async -> [WebhookDelivery] {
        guard let demand = desk.withLock({ $0.demand(at: .now) }) else { return [] }
        do {
            let taken = try await outbox.take(demand, for: lease)
            if hasFailed { logger.info("Delivering goes on") }
            hasFailed = false
            return desk.withLock { desk in taken.filter { desk.began($0) } }
        } catch {
            if !hasFailed { logger.warning("Background events wait", metadata: .keys([.error: "\(error)"])) }
            hasFailed = true
            return []
        }
    }

    private func deliver(_ delivery: WebhookDelivery) async {
        defer { desk.withLock { $0.ended(delivery) } }
        guard let settlement = await attempt(delivery) else { return }
        metrics.count(delivery, settlement)
        if case .dead(let attempts, let reason) = settlement {
            logger.warning(
                "A background event was given up",
                metadata: .keys([
                    .deliveryID: "\(delivery.id)", .eventType: "\(delivery.name.rawValue)",
                    .sessionTypeID: "\(delivery.sessionTypeID)", .attempt: "\(attempts)", .reason: "\(reason)",
                ])
            )
        }
        await settle(delivery, as: settlement)
    }

    /// - Returns: `nil` when the process does not wait for the backend any longer.
    private func attempt(_ delivery: WebhookDelivery) async -> DeliverySettlement? {
        let failed = delivery.failedAttempts
        guard let sessionType = delivery.sessionType else {
            return .dead(failedAttempts: failed, reason: "The session type was deleted")
        }
        guard let event = delivery.event else {
            return .dead(failedAttempts: failed, reason: "What is stored of it cannot be read")
        }
        let outcome: NotificationOutcome
        do {
            outcome = try await backend.notify(
                sessionType,
                of: event,
                id: delivery.id,
                traceparent: delivery.traceparent
            )
        } catch {
            return nil
        }
        if case .postponed(_, let seconds) = outcome {
            desk.withLock { $0.pause(sessionType.id, until: .now + .seconds(min(max(1, seconds), 3600))) }
        }
        return policy.settlement(of: delivery, after: outcome, now: .now, jitter: .random(in: 0...1))
    }

    /// Tries for a while when the database is away; in the end the lease runs out, and the event is delivered again.
    private func settle(_ delivery: WebhookDelivery, as settlement: DeliverySettlement) async {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
        for attempt in 1...Self.settlingAttempts {
            do {
                return try await outbox.settle(delivery, as: settlement, for: lease)
            } catch {
                let metadata: Logger.Metadata = .keys([.deliveryID: "\(delivery.id)", .error: "\(error)"])
                logger.warning("The outcome of a delivery was not noted", metadata: metadata)
                guard attempt < Self.settlingAttempts, !Task.isCancelled else { return }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}
