import ChatCore
import TestSupport
import Testing

/// The answer is the contract's Error with that status and code, and its trace id is the request's.
func expectError(
    _ answer: APIClient.Answer,
    _ status: Int,
    _ code: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(answer.status == status, "\(answer)", sourceLocation: sourceLocation)
    #expect(answer.errorCode == code, "\(answer)", sourceLocation: sourceLocation)
    #expect(
        answer.headers["content-type"]?.hasPrefix("application/json") == true,
        "\(answer.headers)",
        sourceLocation: sourceLocation
    )
    #expect(
        answer["details"]?["trace_id"]?.stringValue == answer.headers["x-request-id"],
        "\(answer)",
        sourceLocation: sourceLocation
    )
    expectErrorShape(answer.body, sourceLocation: sourceLocation)
}

/// Code, message and details are there, and nothing in `details` that the contract does not name.
func expectErrorShape(_ error: JSONValue, sourceLocation: SourceLocation = #_sourceLocation) {
    let known: Set = [
        "trace_id", "validation_errors", "retry_after_seconds", "limit_type", "timeout_ms", "resource_id",
    ]
    #expect(error["error_code"]?.stringValue?.isEmpty == false, "\(error.text)", sourceLocation: sourceLocation)
    #expect(error["message"]?.stringValue?.isEmpty == false, "\(error.text)", sourceLocation: sourceLocation)
    #expect(
        error["details"]?["trace_id"]?.stringValue?.isEmpty == false,
        "\(error.text)",
        sourceLocation: sourceLocation
    )
    let names = Set(error["details"]?.objectValue?.names ?? [])
    #expect(names.subtracting(known).isEmpty, "\(error.text)", sourceLocation: sourceLocation)
}

/// The fields that `validation_errors` names.
func fields(_ error: JSONValue) -> [String] {
    (error["details"]?["validation_errors"]?.arrayValue ?? []).compactMap { $0["field"]?.stringValue }
}
