internal import ChatCore

/// Why a call to a backend did not succeed, for the log, the metrics, the retries and the circuit breaker; clients see
/// what ``chatError`` makes of it.
struct BackendFailure: Error, CustomStringConvertible {
    enum Reason: Hashable, Sendable {
        /// No connection, or none that lasted until an answer began.
        case connection
        /// The connection was lost in the middle of the answer.
        case brokenOff
        /// The head, the next bytes, or the end did not come in time; the bound that was exceeded.
        case timeout(milliseconds: Int)
        /// An HTTP status that is not a success.
        case status(Int)
        /// The answer is not what the contract allows: content type, size, syntax, shape.
        case malformed
        /// The stream ended without `complete`.
        case incomplete
        /// The backend said `event: error`.
        case reported
        /// As many calls as are allowed wait for a connection already.
        case overloaded
    }

    var reason: Reason
    /// What is wrong, in our words or the backend's: for the log alone.
    var detail: String
    /// `Retry-After` of the answer, in seconds.
    var retryAfterSeconds: Int?
    var underlyingError: (any Error)?

    init(_ reason: Reason, _ detail: String, retryAfterSeconds: Int? = nil, underlyingError: (any Error)? = nil) {
        self.reason = reason
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
        self.underlyingError = underlyingError
    }

    var description: String {
        let cause = underlyingError.map { ": \($0)" } ?? ""
        return "\(detail)\(cause)"
    }

    /// The error as callers of the port see it; nothing of the backend's words is in its message.
    var chatError: ChatError {
        switch reason {
        case .timeout(let milliseconds):
            ChatError(
                .backendTimeout,
                "The backend did not answer in time.",
                timeoutMilliseconds: milliseconds,
                underlyingError: self
            )
        case .connection:
            ChatError(.backendError, "The backend could not be reached.", underlyingError: self)
        case .brokenOff:
            ChatError(.backendError, "The backend broke off its answer.", underlyingError: self)
        case .status, .reported:
            ChatError(.backendError, "The backend answered with an error.", underlyingError: self)
        case .malformed:
            ChatError(.backendError, "The backend's answer was not understood.", underlyingError: self)
        case .incomplete:
            ChatError(.backendError, "The backend's answer ended too early.", underlyingError: self)
        case .overloaded:
            ChatError(.backendError, "The backend is busy.", retryAfterSeconds: 1, underlyingError: self)
        }
    }
}
