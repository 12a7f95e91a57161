extension ChatError {
    /// The contract's `details` object: `trace_id` and whatever applies, nothing else.
    public func details(traceID: String) -> JSONValue {
        var details: JSONObject = ["trace_id": .string(traceID)]
        if !validationErrors.isEmpty {
            details["validation_errors"] = .array(
                validationErrors.map {
                    ["field": .string($0.field), "message": .string($0.message), "code": .string($0.code.rawValue)]
                }
            )
        }
        if let retryAfterSeconds { details["retry_after_seconds"] = .integer(retryAfterSeconds) }
        if let limitType { details["limit_type"] = .string(limitType) }
        if let timeoutMilliseconds { details["timeout_ms"] = .integer(timeoutMilliseconds) }
        if let resourceID { details["resource_id"] = .string(resourceID) }
        return .object(details)
    }

    /// The contract's Error shape: `{error_code, message, details}`.
    public func json(traceID: String) -> JSONValue {
        ["error_code": .string(code.rawValue), "message": .string(message), "details": details(traceID: traceID)]
    }
}
