extension PostgresOperation {
    /// Applies the session's settings with a statement rather than a start-up option, which poolers refuse.
    ///
    /// Statements are prepared once and their look-ups are by key, so plans are made once, too: made anew for each set
    /// of parameters they would cost more than the look-ups, and be led astray by clients the statistics do not know.
    static func sessionSetup(statementTimeoutMilliseconds: Int) -> PostgresOperation {
        let statement = EncodedStatement(
            command: """
                SELECT set_config('statement_timeout', $1, false),
                    set_config('plan_cache_mode', 'force_generic_plan', false)
                """,
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
