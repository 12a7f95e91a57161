/// An error the server reported, with what it means for the connection.
struct ServerFailure: Hashable, Sendable {
    var error: PostgresError
    /// Severity FATAL or PANIC: the session is over.
    var isFatal = false
    /// The prepared statement is unknown to the server, or its plan no longer fits its result type.
    var isPreparedStatementLost = false

    /// 57P01 (admin shutdown), 57P05 and 25P03 (idle timeouts) come from the session's own server process, which reports
    /// them instead of carrying on. A pooler in between reports other codes, and knows less.
    var endedSessionBeforeLaterCommands: Bool {
        switch error.sqlState {
        case "57P01", "57P05", "25P03": isFatal
        default: false
        }
    }

    var retry: PostgresOperation.Retry? {
        if isPreparedStatementLost { return .preparedStatementLost }
        switch error.sqlState {
        case "40001", "40P01": return .conflict
        default: return nil
        }
    }
}
