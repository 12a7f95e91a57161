import Synchronization

/// A transaction in progress on a connection of its own; BEGIN goes with its first statement.
///
/// Its methods are called one after the other, and no longer once the body it was given to has ended: then they throw
/// ``PostgresError/Code/protocolViolation``.
final class PostgresTransaction: Sendable {
    private enum Phase {
        /// Nothing was sent.
        case fresh
        case begun
        case over
    }

    private struct State {
        var phase = Phase.fresh
        /// The first failure, which a COMMIT that does not commit is due to.
        var failure: PostgresError?
    }

    private let pool: ConnectionPool
    private let lease: ConnectionID
    private let state = Mutex(State())

    init(pool: ConnectionPool, lease: ConnectionID) {
        self.pool = pool
        self.lease = lease
    }

    /// One statement of the transaction.
    ///
    /// After an error the server takes nothing but the end of the transaction.
    /// - Throws: ``PostgresError``; on cancellation at once, with the statement still under way.
    func execute(_ statement: Statement) async throws(PostgresError) -> ResultSet {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        var statements = [try EncodedStatement(statement)]
        if try begin() { statements.insert(EncodedStatement(command: "BEGIN"), at: 0) }
        guard let result = try await step(.statements(statements)).last else {
            throw PostgresError(.protocolViolation, "A statement had no result.")
        }
        return result
    }

    /// Text without parameters, possibly several statements; not prepared. Its results are dropped.
    ///
    /// The server's statement timeout holds for each statement; `SET LOCAL statement_timeout = 0` lifts it.
    func executeScript(_ sql: String) async throws(PostgresError) {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        if try begin() { _ = try await step(.statements([EncodedStatement(command: "BEGIN")])) }
        _ = try await step(.script(sql))
    }

    /// Ends the transaction; a cancelled task waits for the answer as well.
    ///
    /// - Throws: The first failure of a statement, when the server rolled back instead.
    func commit() async throws(PostgresError) {
        let (phase, failure) = end()
        guard phase == .begun else { return releaseIfFresh(phase) }
        let results = try await pool.step(
            .statements([EncodedStatement(command: "COMMIT")]),
            commit: .atStatement(0),
            on: lease,
            isLast: true,
            isCancellable: false
        )
        guard results.last?.commandTag == "COMMIT" else {
            throw failure ?? PostgresError(.server(sqlState: "25P02"), "The transaction was rolled back.")
        }
    }

    /// Undoes the transaction; returns when the server has done so, for a cancelled task at once.
    func rollBack() async {
        let (phase, _) = end()
        guard phase == .begun else { return releaseIfFresh(phase) }
        // A connection that is lost has nothing left to roll back.
        _ = try? await pool.step(
            .statements([EncodedStatement(command: "ROLLBACK")]),
            commit: .none,
            on: lease,
            isLast: true,
            isCancellable: true
        )
    }

    private func step(_ work: PostgresOperation.Work) async throws(PostgresError) -> [ResultSet] {
        do {
            return try await pool.step(work, commit: .none, on: lease, isLast: false, isCancellable: true)
        } catch {
            state.withLock { state in
                if state.failure == nil { state.failure = error }
            }
            throw error
        }
    }

    /// Whether BEGIN is still to be sent.
    private func begin() throws(PostgresError) -> Bool {
        let phase = state.withLock { state in
            defer { if state.phase == .fresh { state.phase = .begun } }
            return state.phase
        }
        if phase == .over { throw PostgresError(.protocolViolation, "The transaction is over.") }
        return phase == .fresh
    }

    private func end() -> (Phase, PostgresError?) {
        state.withLock { state in
            defer { state.phase = .over }
            return (state.phase, state.failure)
        }
    }

    private func releaseIfFresh(_ phase: Phase) {
        if phase == .fresh { pool.release(lease) }
    }
}
