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
        /// As many calls as are allowed wait for a connection already, or none became free in time: the call was not
        /// made. The bound that was exceeded, if it was one.
        case overloaded(milliseconds: Int?)
        /// The backend is where none may be; the call was not made.
        case refusedAddress
        /// The circuit is open; the call was not made.
        case circuitOpen
    }

    var reason: Reason
    /// What is wrong, in our words or the backend's: for the log alone.
    var detail: String
    /// When it may be worth trying again: `Retry-After` of the answer, or when the circuit lets calls through again.
    var retryAfterSeconds: Int?
    var underlyingError: (any Error)?
    /// The request has begun to go out, so that the backend may have seen it.
    var wasSent = true
    /// Not so when whoever takes the answer was too slow for it.
    var isBackendsFault = true

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

    /// The error as callers of the port see it; nothing of the backend's words is in its message, and nothing of what
    /// can be told about addresses.
    var chatError: ChatError {
        switch reason {
        case .timeout(let milliseconds), .overloaded(let milliseconds?):
            ChatError(
                .backendTimeout,
                "The backend did not answer in time.",
                timeoutMilliseconds: milliseconds,
                underlyingError: self
            )
        case .connection, .refusedAddress:
            ChatError(.backendError, "The backend could not be reached.", underlyingError: self)
        case .brokenOff:
            ChatError(.backendError, "The backend broke off its answer.", underlyingError: self)
        case .status, .reported:
            ChatError(
                .backendError,
                "The backend answered with an error.",
                retryAfterSeconds: retryAfterSeconds.map { min(max(0, $0), Self.longestRetryAfterSeconds) },
                underlyingError: self
            )
        case .malformed:
            ChatError(.backendError, "The backend's answer was not understood.", underlyingError: self)
        case .incomplete:
            ChatError(.backendError, "The backend's answer ended too early.", underlyingError: self)
        case .overloaded(nil):
            ChatError(.backendError, "The backend is busy.", retryAfterSeconds: 1, underlyingError: self)
        case .circuitOpen:
            ChatError(
                .backendError,
                "The backend failed too often just now.",
                retryAfterSeconds: retryAfterSeconds,
                underlyingError: self
            )
        }
    }

    /// A backend that asks for more is not believed.
    private static let longestRetryAfterSeconds = 3600
}
