import Foundation
import JWTKit

/// Tokens that the processes of a test cluster accept, and such that they must not.
public enum Tokens {
    /// The HS256 key of every test cluster.
    public static let secret = "a-secret-of-the-tests-that-is-long-enough-0123456789"

    /// What a token says; a claim that is `nil` is left out.
    public struct Claims: Sendable {
        public var clientID: String?
        public var subject: String?
        public var scope: String?
        public var expiresInSeconds: Int? = 3600
        public var notBeforeInSeconds: Int?
        public var issuer: String?
        public var audience: String?

        public init(clientID: String? = nil) {
            self.clientID = clientID
        }
    }

    public static func sign(
        client: String,
        isAdministrator: Bool = false,
        expiresInSeconds: Int = 3600
    ) async throws
        -> String
    {
        var claims = Claims(clientID: client)
        claims.scope = isAdministrator ? "chat-engine:admin" : nil
        claims.expiresInSeconds = expiresInSeconds
        return try await sign(claims)
    }

    /// - Parameter secret: another one makes a forged token.
    public static func sign(_ claims: Claims, secret: String = secret) async throws -> String {
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        return try await keys.sign(SignedClaims(claims, now: Int(Date().timeIntervalSince1970)))
    }

    /// A token without a signature (`alg: none`).
    public static func unsigned(client: String) -> String {
        let expiry = Int(Date().timeIntervalSince1970) + 3600
        let parts = [#"{"alg":"none","typ":"JWT"}"#, #"{"client_id":"\#(client)","exp":\#(expiry)}"#]
        return parts.map { base64URL($0) }.joined(separator: ".") + "."
    }

    private static func base64URL(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }
}

private struct SignedClaims: JWTPayload {
    enum CodingKeys: String, CodingKey {
        case clientID = "client_id"
        case subject = "sub"
        case scope
        case expiry = "exp"
        case notBefore = "nbf"
        case issuer = "iss"
        case audience = "aud"
    }

    var clientID: String?
    var subject: String?
    var scope: String?
    var expiry: Int?
    var notBefore: Int?
    var issuer: String?
    var audience: String?

    init(_ claims: Tokens.Claims, now: Int) {
        clientID = claims.clientID
        subject = claims.subject
        scope = claims.scope
        expiry = claims.expiresInSeconds.map { now + $0 }
        notBefore = claims.notBeforeInSeconds.map { now + $0 }
        issuer = claims.issuer
        audience = claims.audience
    }

    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
