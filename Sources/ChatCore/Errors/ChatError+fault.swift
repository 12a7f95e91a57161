extension ChatError.Code {
    /// Not the client's doing, but ours, a backend's or a dependency's: worth a record with the cause.
    public var isFault: Bool {
        switch self {
        case .internalError, .backendError, .backendTimeout, .serviceUnavailable: true
        case .invalidRequest, .authRequired, .forbidden, .sessionNotFound, .messageNotFound, .notFound,
            .methodNotAllowed, .conflict, .payloadTooLarge, .unsupportedMediaType, .rateLimitExceeded:
            false
        }
    }
}
