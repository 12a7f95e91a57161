/// The one error every use case and port throws; rendered once, at the edge, as the contract's Error shape.
///
/// `message` and `validationErrors` go to clients as they are, so they never carry SQL, paths, stack traces or a
/// backend's words; `underlyingError` goes to the log alone.
public struct ChatError: Error, Sendable, CustomStringConvertible {
    /// The contract's `error_code` (`contract/rest.md`, 'Statuses and codes').
    public enum Code: String, Sendable, CaseIterable {
        case invalidRequest = "INVALID_REQUEST"
        case authRequired = "AUTH_REQUIRED"
        case forbidden = "FORBIDDEN"
        case sessionNotFound = "SESSION_NOT_FOUND"
        case messageNotFound = "MESSAGE_NOT_FOUND"
        case notFound = "NOT_FOUND"
        case methodNotAllowed = "METHOD_NOT_ALLOWED"
        case conflict = "CONFLICT"
        case payloadTooLarge = "PAYLOAD_TOO_LARGE"
        case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
        case rateLimitExceeded = "RATE_LIMIT_EXCEEDED"
        case internalError = "INTERNAL_ERROR"
        case backendError = "BACKEND_ERROR"
        case backendTimeout = "BACKEND_TIMEOUT"
        case serviceUnavailable = "SERVICE_UNAVAILABLE"
    }

    public var code: Code
    public var message: String
    public var validationErrors: [ValidationError]
    public var retryAfterSeconds: Int?
    public var limitType: String?
    public var timeoutMilliseconds: Int?
    public var resourceID: String?
    public var underlyingError: (any Error)?

    public init(
        _ code: Code,
        _ message: String,
        validationErrors: [ValidationError] = [],
        retryAfterSeconds: Int? = nil,
        limitType: String? = nil,
        timeoutMilliseconds: Int? = nil,
        resourceID: String? = nil,
        underlyingError: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.validationErrors = validationErrors
        self.retryAfterSeconds = retryAfterSeconds
        self.limitType = limitType
        self.timeoutMilliseconds = timeoutMilliseconds
        self.resourceID = resourceID
        self.underlyingError = underlyingError
    }

    /// For the log; the underlying error is part of it.
    public var description: String {
        let cause = underlyingError.map { " (\($0))" } ?? ""
        return "\(code.rawValue): \(message)\(cause)"
    }
}

/// One field of a request that does not hold what it must.
public struct ValidationError: Hashable, Sendable {
    public enum Code: String, Sendable {
        case required
        case unknownField = "unknown_field"
        case wrongType = "wrong_type"
        case invalidValue = "invalid_value"
        case tooLong = "too_long"
        case outOfRange = "out_of_range"
        case malformed
    }

    /// How many are told of one request: an answer is not to be longer than what it answers.
    public static let maximumCount = 100
    /// How much of a field's path is told, in characters.
    static let maximumFieldLength = 256

    /// Path of the field, like `content[2].image_url`; empty for the body as a whole.
    public let field: String
    public let message: String
    public let code: Code

    public init(field: String, message: String, code: Code) {
        self.field =
            field.utf8.count <= Self.maximumFieldLength ? field : "\(field.prefix(Self.maximumFieldLength))…"
        self.message = message
        self.code = code
    }
}

extension ChatError {
    /// A request refused for one field.
    public static func invalid(_ field: String, _ message: String, _ code: ValidationError.Code) -> ChatError {
        invalid([ValidationError(field: field, message: message, code: code)])
    }

    /// A request refused for the fields named; `errors` is not empty. The first ``ValidationError/maximumCount`` are told.
    public static func invalid(_ errors: [ValidationError]) -> ChatError {
        let fields = errors.lazy.map(\.field).filter { !$0.isEmpty }.prefix(Self.namedFields + 1)
        let names = fields.prefix(Self.namedFields).joined(separator: ", ")
        let more = fields.count > Self.namedFields ? " and others" : ""
        let first = errors.first?.message ?? "The request is not valid."
        return ChatError(
            .invalidRequest,
            names.isEmpty ? first : "The request is not valid: \(names)\(more).",
            validationErrors: Array(errors.prefix(ValidationError.maximumCount))
        )
    }

    /// How many fields the message of ``invalid(_:)`` names.
    private static let namedFields = 10

    public static func sessionNotFound(_ id: SessionID) -> ChatError {
        ChatError(.sessionNotFound, "There is no such session.", resourceID: id.description)
    }

    public static func messageNotFound(_ id: MessageID) -> ChatError {
        ChatError(.messageNotFound, "There is no such message.", resourceID: id.description)
    }

    /// The database, or what else an operation needs, is out of reach for now.
    public static func unavailable(underlying error: any Error, retryAfterSeconds: Int = 1) -> ChatError {
        ChatError(
            .serviceUnavailable,
            "The service is not available for the moment.",
            retryAfterSeconds: retryAfterSeconds,
            underlyingError: error
        )
    }

    public static func internalError(underlying error: any Error) -> ChatError {
        ChatError(.internalError, "Something went wrong on our side.", underlyingError: error)
    }
}
