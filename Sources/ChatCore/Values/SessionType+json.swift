extension SessionType {
    /// What every client may see of a session type.
    public var publicJSON: JSONValue {
        [
            "session_type_id": .string(id.description),
            "name": .string(name),
            "description": description.map { .string($0) } ?? .null,
        ]
    }

    /// What an administrator sees: every field but the secret.
    public var administrationJSON: JSONValue {
        var fields: JSONObject = [
            "session_type_id": .string(id.description),
            "name": .string(name),
            "webhook_url": .string(webhookURL),
            "timeout_seconds": .integer(timeoutSeconds),
            "max_duration_seconds": .integer(maxDurationSeconds),
            "max_connections": .integer(maxConnections),
            "circuit_breaker": circuitBreaker.json,
        ]
        if let description { fields["description"] = .string(description) }
        if let historyLimit { fields["history_limit"] = .integer(historyLimit) }
        if let summarization { fields["summarization"] = summarization.json }
        if let meta { fields["meta"] = .object(meta) }
        return .object(fields)
    }
}

extension SessionType.CircuitBreaker {
    public var json: JSONValue {
        [
            "failure_threshold": .integer(failureThreshold),
            "open_seconds": .integer(openSeconds),
            "half_open_max_calls": .integer(halfOpenMaxCalls),
        ]
    }
}

extension SessionType.Summarization {
    public var json: JSONValue {
        var fields: JSONObject = ["enabled": .bool(enabled)]
        if let serviceURL { fields["service_url"] = .string(serviceURL) }
        if let settings { fields["settings"] = .object(settings) }
        return .object(fields)
    }
}
