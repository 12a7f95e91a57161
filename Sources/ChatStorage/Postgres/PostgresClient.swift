public import Logging
public import ServiceLifecycle

/// The process's connections to PostgreSQL.
///
/// Connections are opened as they are needed, kept, and made again when they break. Operations are taken from the
/// start, whether ``run()`` was called or not, and wait while there is no connection. A client that is dropped closes
/// its connections.
///
/// Every operation throws ``PostgresError``. When the awaiting task is cancelled it returns at once with
/// ``PostgresError/Code/cancelled``: an operation that waits is never sent, one that was sent may be carried out.
public final class PostgresClient: Service, Sendable {
    private let pool: ConnectionPool

    /// Longest a ``ping()`` takes.
    private static let pingSeconds = 2

    public init(configuration: PostgresConfiguration, logger: Logger) {
        pool = ConnectionPool(configuration: configuration, logger: logger)
    }

    deinit {
        pool.abort()
    }

    /// Keeps the connections until graceful shutdown: then new operations are refused, those under way or waiting are
    /// finished, and the connections closed. Cancellation closes them at once.
    ///
    /// - Throws: ``PostgresError/Code/notConnected`` when the system gives no thread, and
    ///   ``PostgresError/Code/shuttingDown`` when the client has been stopped.
    public func run() async throws {
        try pool.start()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await pool.status.untilStopped()
            } onGracefulShutdown: {
                self.pool.shutDown()
            }
        } onCancel: {
            pool.abort()
        }
    }

    /// Whether a connection is up, or the last attempt to make one succeeded.
    public var isReachable: Bool { pool.status.isReachable }

    /// Asks the server for an answer, for two seconds at most.
    ///
    /// - Throws: ``PostgresError/Code/timedOut``, or what kept the answer away.
    public func ping() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await self.execute(Statement("SELECT 1")) }
            group.addTask {
                try await Task.sleep(for: .seconds(Self.pingSeconds))
                throw PostgresError(.timedOut, "No answer within \(Self.pingSeconds) s.")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// One statement in its own implicit transaction, in one round trip.
    ///
    /// A serialization failure or deadlock is tried once more.
    func execute(_ statement: Statement) async throws(PostgresError) -> ResultSet {
        let outcome = try await pool.run(
            .statements([EncodedStatement(statement)]),
            commit: statement.effect == .mayWrite ? .atEnd : .none,
            sharing: .shared
        )
        guard let result = outcome.results.first else {
            throw PostgresError(.protocolViolation, "A statement had no result.")
        }
        return result
    }

    /// BEGIN, the statements, COMMIT in one round trip; the results are those of the statements, in order.
    ///
    /// The first failure rolls everything back and is thrown. A serialization failure or deadlock is tried once more.
    func transaction(_ statements: [Statement]) async throws(PostgresError) -> [ResultSet] {
        guard !statements.isEmpty else { return [] }
        var encoded = [EncodedStatement(command: "BEGIN")]
        for statement in statements { encoded.append(try EncodedStatement(statement)) }
        encoded.append(EncodedStatement(command: "COMMIT"))
        let outcome = try await pool.run(
            .statements(encoded),
            commit: statements.contains { $0.effect == .mayWrite } ? .atStatement(encoded.count - 1) : .none,
            sharing: .last
        )
        guard outcome.results.count == encoded.count else {
            throw PostgresError(.protocolViolation, "A transaction had too few results.")
        }
        return Array(outcome.results[1...statements.count])
    }

    /// A transaction whose next step depends on the last one's result; its connection serves nobody else meanwhile.
    ///
    /// It is committed when `body` returns and rolled back when it throws or the task was cancelled. It is never
    /// tried again by itself.
    func withTransaction<Result: Sendable>(
        _ body: (PostgresTransaction) async throws -> Result
    ) async throws -> Result {
        guard case .lease(let lease) = try await pool.run(.lease, commit: .none, sharing: .exclusive) else {
            throw PostgresError(.protocolViolation, "No connection was given.")
        }
        let transaction = PostgresTransaction(pool: pool, lease: lease)
        let result: Result
        do {
            result = try await body(transaction)
            if Task.isCancelled { throw PostgresError(.cancelled) }
        } catch {
            await transaction.rollBack()
            throw error
        }
        try await transaction.commit()
        return result
    }
}
