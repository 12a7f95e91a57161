public import ChatCore
import ChatRuntime
import CoreMetrics
public import Logging
public import ServiceLifecycle

/// Shows how full the outboxes are as metrics. Every node of the bus shows the same: what is in the database.
public struct OutboxMeter: Service {
    public static let interval: Duration = .seconds(5)

    private let gauge: any OutboxGauge
    private let logger: Logger
    private let events = Meter(label: "chat_engine_outbox_depth", dimensions: [("outbox", "events")])
    private let deliveries = Meter(label: "chat_engine_outbox_depth", dimensions: [("outbox", "webhooks")])
    private let dead = Meter(label: "chat_engine_webhook_dead_letters")

    public init(gauge: any OutboxGauge, logger: Logger) {
        self.gauge = gauge
        self.logger = logger
    }

    /// Measures until a graceful shutdown begins or the task is cancelled.
    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                let depth = try await gauge.outboxDepth()
                events.set(depth.events)
                deliveries.set(depth.waitingDeliveries)
                dead.set(depth.deadDeliveries)
            } catch {
                logger.debug("The outboxes could not be measured", metadata: .keys([.error: "\(error)"]))
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
        }
    }
}
