public import ChatCore
import ChatRuntime
public import Logging
public import ServiceLifecycle

/// Makes the event log's partitions ahead of time, drops those that nobody may ask for any more, and deletes other
/// records that have served their time.
public struct EventLogKeeper: Service {
    public static let interval: Duration = .seconds(3600)
    /// Clients may come back for what they missed for 24 h; whole partitions are kept a while longer.
    public static let keptHours = 48
    private static let batchCount = 1000

    private let log: any EventLogUpkeep
    private let records: any RecordUpkeep
    private let logger: Logger

    public init(log: any EventLogUpkeep, records: any RecordUpkeep, logger: Logger) {
        self.log = log
        self.records = records
        self.logger = logger
    }

    /// Keeps the log until a graceful shutdown begins or the task is cancelled.
    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                try await log.prepareEventPartitions()
                try await log.dropEvents(olderThanHours: Self.keptHours)
                while try await records.deleteExpiredRecords(limit: Self.batchCount) > 0 {}
            } catch {
                logger.warning("The event log could not be kept", metadata: .keys([.error: "\(error)"]))
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
        }
    }
}
