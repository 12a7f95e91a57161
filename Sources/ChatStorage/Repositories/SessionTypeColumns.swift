import ChatCore

/// How a session type is read from a row.
enum SessionTypeColumns {
    /// The columns of `session_types AS t` that ``Row/sessionType(at:)`` reads.
    static let list = """
        t.session_type_id, t.name, t.description, t.webhook_url, t.webhook_secret, t.timeout_seconds,
        t.max_duration_seconds, t.max_connections, t.history_limit, t.circuit_failure_threshold,
        t.circuit_open_seconds, t.circuit_half_open_max_calls, t.summarization_enabled,
        t.summarization_service_url, t.summarization_settings, t.meta
        """
}

extension Row {
    /// - Parameter first: the number of the first of ``SessionTypeColumns/list``.
    func sessionType(at first: Int) throws(PostgresError) -> SessionType {
        var summarization: SessionType.Summarization?
        if let enabled = try optionalBoolean(first + 12) {
            summarization = SessionType.Summarization(
                enabled: enabled,
                serviceURL: try optionalText(first + 13),
                settings: try optionalJSONObject(first + 14)
            )
        }
        return SessionType(
            id: SessionTypeID(try uuid(first)),
            name: try text(first + 1),
            description: try optionalText(first + 2),
            webhookURL: try text(first + 3),
            webhookSecret: try optionalText(first + 4),
            timeoutSeconds: Int(try integer(first + 5)),
            maxDurationSeconds: Int(try integer(first + 6)),
            maxConnections: Int(try integer(first + 7)),
            historyLimit: try optionalInteger(first + 8).map { Int($0) },
            circuitBreaker: SessionType.CircuitBreaker(
                failureThreshold: Int(try integer(first + 9)),
                openSeconds: Int(try integer(first + 10)),
                halfOpenMaxCalls: Int(try integer(first + 11))
            ),
            summarization: summarization,
            meta: try optionalJSONObject(first + 15)
        )
    }
}
