internal import Hummingbird

/// One header field. Hummingbird re-exports the list of fields, not the field itself.
typealias HTTPHeader = HTTPFields.Element

extension HTTPHeader.Name {
    /// The request's id, which is its trace id.
    static let requestID = constant("x-request-id")

    /// The client's name for a request that it may send again.
    static let idempotencyKey = constant("idempotency-key")

    /// Tells that an answer was given before.
    static let idempotentReplayed = constant("idempotent-replayed")

    private static func constant(_ name: String) -> HTTPHeader.Name {
        guard let name = HTTPHeader.Name(name) else { preconditionFailure("a constant is no header name") }
        return name
    }
}
