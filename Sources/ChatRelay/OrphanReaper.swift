public import ChatCore
import ChatRuntime
import CoreMetrics
public import Logging
public import ServiceLifecycle

/// Closes the streams of dead nodes as `interrupted`, with what they had saved (`contract/semantics.md`, 'The life of a
/// stream').
public struct OrphanReaper: Service {
    public static let interval: Duration = .seconds(2)
    /// After the database was out of reach, or may have been, living nodes get this long to renew the leases that ran
    /// out meanwhile.
    public static let graceAfterOutage: Duration = .seconds(5)
    private static let batchCount = 100

    private let leases: any StreamLeaseStore
    private let database: any DatabaseProbe
    private let logger: Logger
    private let reaped = Counter(label: "chat_engine_streams_reaped_total")

    public init(leases: any StreamLeaseStore, database: any DatabaseProbe, logger: Logger) {
        self.leases = leases
        self.database = database
        self.logger = logger
    }

    /// Looks for orphans until a graceful shutdown begins or the task is cancelled.
    public func run() async throws {
        var permission = ReapingPermission()
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let pause = await round(&permission)
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }

    /// One round. - Returns: how long to wait before the next.
    func round(_ permission: inout ReapingPermission) async -> Duration {
        // The statement that reaps would wait for the database and run before any node has renewed its lease.
        guard await isDatabaseReachable() else {
            permission.databaseFailed()
            return Self.interval
        }
        guard permission.databaseAnswered() == .reap else { return Self.graceAfterOutage }
        if await !reap() { permission.databaseFailed() }
        return Self.interval
    }

    private func isDatabaseReachable() async -> Bool {
        do {
            try await database.ping()
            return true
        } catch {
            logger.warning("Orphaned streams could not be looked for", metadata: .keys([.error: "\(error)"]))
            return false
        }
    }

    /// Says whether the database could be asked.
    private func reap() async -> Bool {
        do {
            while true {
                let streams = try await leases.closeOrphans(limit: Self.batchCount)
                for stream in streams {
                    reaped.increment()
                    logger.notice(
                        "A stream of a dead node was closed",
                        metadata: .keys([.messageID: "\(stream.messageID)", .sessionID: "\(stream.sessionID)"])
                    )
                }
                guard streams.count == Self.batchCount else { return true }
            }
        } catch {
            logger.warning("Orphaned streams could not be looked for", metadata: .keys([.error: "\(error)"]))
            return false
        }
    }
}
