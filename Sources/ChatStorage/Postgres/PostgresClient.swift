public import Logging
public import ServiceLifecycle

/// The process's connections to PostgreSQL.
public final class PostgresClient: Service, Sendable {
    public init(configuration: PostgresConfiguration, logger: Logger) {}

    public func run() async throws {
        try await gracefulShutdown()
    }

    public var isReachable: Bool { false }

    public func ping() async throws {
        _ = try await execute(Statement("SELECT 1"))
    }

    /// One statement in its own implicit transaction, one round trip.
    func execute(_ statement: Statement) async throws(PostgresError) -> ResultSet {
        throw PostgresError(.notConnected, "")
    }

    /// BEGIN, the statements, COMMIT in one round trip. The first failure rolls everything back and is thrown.
    func transaction(_ statements: [Statement]) async throws(PostgresError) -> [ResultSet] {
        throw PostgresError(.notConnected, "")
    }

    /// A transaction whose next step depends on the last one's result.
    func withTransaction<Result: Sendable>(
        _ body: (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        try await body(PostgresTransaction())
    }
}
