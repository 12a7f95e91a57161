/// A transaction in progress on a connection of its own.
final class PostgresTransaction: Sendable {
    /// One statement of the transaction.
    func execute(_ statement: Statement) async throws(PostgresError) -> ResultSet {
        throw PostgresError(.notConnected, "")
    }

    /// Text without parameters, possibly several statements; not prepared. Its results are dropped.
    func executeScript(_ sql: String) async throws(PostgresError) {
        throw PostgresError(.notConnected, "")
    }
}
