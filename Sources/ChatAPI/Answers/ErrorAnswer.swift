internal import ChatCore
internal import Hummingbird

/// The contract's Error shape with its status and headers (`contract/rest.md`, 'Statuses and codes').
enum ErrorAnswer {
    static func response(to error: ChatError, of request: Request, traceID: String) -> Response {
        var error = error
        switch error.code {
        case .serviceUnavailable, .rateLimitExceeded: error.retryAfterSeconds = error.retryAfterSeconds ?? 1
        default: break
        }
        var response = Answer.json(error.json(traceID: traceID).bytes, status: error.code.status)
        if let seconds = error.retryAfterSeconds {
            response.headers.append(HTTPHeader(name: .retryAfter, value: "\(seconds)"))
        }
        switch error.code {
        case .authRequired:
            response.headers.append(HTTPHeader(name: .wwwAuthenticate, value: challenge(to: request)))
        case .payloadTooLarge:
            // What is left of the body is not worth waiting for.
            response.headers.append(HTTPHeader(name: .connection, value: "close"))
        default: break
        }
        return response
    }

    /// RFC 6750, section 3: an error code only when a token was sent.
    private static func challenge(to request: Request) -> String {
        let header = request.headers[.authorization] ?? ""
        return header.prefix(7).lowercased() == "bearer " ? "Bearer error=\"invalid_token\"" : "Bearer"
    }
}

extension ChatError {
    /// Any error as one the contract knows. What is not known to be the client's fault is ours.
    init(atEdge error: any Error) {
        switch error {
        case let error as ChatError: self = error
        case let error as any HTTPResponseError: self.init(atEdge: error.status, underlying: error)
        case is CancellationError: self = .unavailable(underlying: error)
        default: self = .internalError(underlying: error)
        }
    }

    /// The error that a bare status stands for.
    init(atEdge status: HTTPResponse.Status, underlying error: (any Error)? = nil) {
        let (code, message): (Code, String) =
            switch status {
            case .badRequest, .requestHeaderFieldsTooLarge: (.invalidRequest, "The request is not valid.")
            case .notFound: (.notFound, "There is nothing at this address.")
            case .methodNotAllowed: (.methodNotAllowed, "The address does not have this method.")
            case .contentTooLarge: (.payloadTooLarge, "The body is too large.")
            case .unsupportedMediaType: (.unsupportedMediaType, "The body must be JSON.")
            case .serviceUnavailable: (.serviceUnavailable, "The service is not available for the moment.")
            default: (.internalError, "Something went wrong on our side.")
            }
        self.init(code, message, underlyingError: error)
    }
}

extension ChatError.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .invalidRequest: .badRequest
        case .authRequired: .unauthorized
        case .forbidden: .forbidden
        case .sessionNotFound, .messageNotFound, .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .conflict: .conflict
        case .payloadTooLarge: .contentTooLarge
        case .unsupportedMediaType: .unsupportedMediaType
        case .rateLimitExceeded: .tooManyRequests
        case .internalError: .internalServerError
        case .backendError: .badGateway
        case .backendTimeout: .gatewayTimeout
        case .serviceUnavailable: .serviceUnavailable
        }
    }
}
