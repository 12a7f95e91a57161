internal import ChatCore

/// Why a token is not accepted; what a client is told says no more than it may know.
enum TokenRefusal: Error, Hashable {
    case tooLong
    case malformed
    case wrongAlgorithm
    case unknownCriticalHeader
    case wrongSignature
    case expired
    case notYetValid
    case wrongIssuer
    case wrongAudience
    case clientMissing

    var chatError: ChatError {
        let message =
            switch self {
            case .tooLong, .malformed, .wrongAlgorithm, .unknownCriticalHeader, .wrongSignature:
                "The token is not valid."
            case .expired: "The token has expired."
            case .notYetValid: "The token is not valid yet."
            case .wrongIssuer: "The token comes from another issuer."
            case .wrongAudience: "The token is meant for another audience."
            case .clientMissing: "The token names no client."
            }
        return ChatError(.authRequired, message, underlyingError: self)
    }
}
