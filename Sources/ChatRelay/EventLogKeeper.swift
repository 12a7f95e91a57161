public import ChatCore
import ChatRuntime
public import Logging
public import ServiceLifecycle

/// Makes the event log's partitions ahead of time and drops those that nobody may ask for any more.
public struct EventLogKeeper: Service {
    public static let interval: Duration = .seconds(3600)
    /// Clients may come back for what they missed for 24 h; whole partitions are kept a while longer.
    public static let keptHours = 48

    private let log: any EventLogUpkeep
    private let logger: Logger

    public init(log: any EventLogUpkeep, logger: Logger) {
        self.log = log
        self.logger = logger
    }

    /// Keeps the log until a graceful shutdown begins or the task is cancelled.
    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await log.prepareEventPartitions()
                try await log.dropEvents(olderThanHours: Self.keptHours)
            } catch {
                logger.warning("The event log could not be kept", metadata: .keys([.error: "\(error)"]))
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
        }
    }
}
