import TestSupport

/// Tokens that nobody may get in with.
enum BadToken: String, CaseIterable, Sendable {
    case garbage
    case forged
    case unsigned
    case expired
    case notYetValid
    case withoutExpiry
    case withoutClient

    func make() async throws -> String {
        var claims = Tokens.Claims(clientID: "somebody")
        switch self {
        case .garbage: return "not.a.token"
        case .unsigned: return Tokens.unsigned(client: "somebody")
        case .forged: return try await Tokens.sign(claims, secret: "another-secret-that-is-also-long-enough-0123456789")
        case .expired: claims.expiresInSeconds = -60
        case .notYetValid: claims.notBeforeInSeconds = 3000
        case .withoutExpiry: claims.expiresInSeconds = nil
        case .withoutClient: claims.clientID = nil
        }
        return try await Tokens.sign(claims)
    }
}
