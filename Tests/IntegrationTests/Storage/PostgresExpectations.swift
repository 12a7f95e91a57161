import Logging
import ServiceLifecycle
import TestSupport
import Testing

@testable import ChatStorage

/// Runs `body` with a client of the database, whose connections are closed afterwards.
func withPostgresClient<Result: Sendable>(
    of connectionString: String,
    poolSize: Int = 4,
    maximumWaitMilliseconds: Int = 20_000,
    maximumWaitingOperations: Int = 10_000,
    statementTimeoutMilliseconds: Int = 10_000,
    logger: Logger = Logger(label: "test"),
    _ body: @Sendable (PostgresClient) async throws -> Result
) async throws -> Result {
    let configuration = PostgresConfiguration(
        connectionString: connectionString,
        poolSize: poolSize,
        statementTimeoutMilliseconds: statementTimeoutMilliseconds,
        maximumWaitMilliseconds: maximumWaitMilliseconds,
        maximumWaitingOperations: maximumWaitingOperations
    )
    let client = PostgresClient(configuration: configuration, logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await client.run() }
        defer { group.cancelAll() }
        return try await body(client)
    }
}

/// The code of the ``PostgresError`` that `body` throws; records an issue when it throws none.
func postgresErrorCode(_ body: () async throws -> some Any) async -> PostgresError.Code? {
    do {
        _ = try await body()
        Issue.record("nothing was thrown")
        return nil
    } catch {
        return (error as? PostgresError)?.code
    }
}

/// Expects `body` to throw a ``PostgresError`` of this code.
func expectPostgresError(
    _ code: PostgresError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> some Any
) async {
    let thrown = await postgresErrorCode(body)
    #expect(thrown == code, sourceLocation: sourceLocation)
}

/// Expects the first column of the first row to be this number.
func expectInteger(
    _ number: Int64,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> ResultSet
) async {
    await #expect(throws: Never.self, sourceLocation: sourceLocation) {
        let found = try await body()[0].integer(0)
        #expect(found == number, sourceLocation: sourceLocation)
    }
}

extension TestDatabase {
    /// Returns once `count` sessions of the database wait for a lock.
    func untilBlocked(_ count: Int = 1) async throws {
        let sql = """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        while try await query(sql) != "\(count)" {}
    }

    /// Ends the sessions of the client that match the condition.
    func terminateSessions(where condition: String) async throws {
        try await query(
            """
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND \(condition)
            """
        )
    }
}
