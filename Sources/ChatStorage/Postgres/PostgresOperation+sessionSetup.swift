extension PostgresOperation {
    /// Applies the session's settings with a statement rather than a start-up option, which poolers refuse.
    static func sessionSetup(statementTimeoutMilliseconds: Int) -> PostgresOperation {
        let statement = EncodedStatement(
            command: "SELECT set_config('statement_timeout', $1, false)",
            text: String(max(0, statementTimeoutMilliseconds))
        )
        return PostgresOperation(
            id: 0,
            work: .statements([statement]),
            commit: .none,
            sharing: .shared,
            waitDeadline: MonotonicTime(nanoseconds: 0)
        )
    }
}
