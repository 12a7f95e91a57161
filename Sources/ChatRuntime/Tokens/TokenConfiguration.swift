/// How tokens are checked (`contract/semantics.md`, 'Identity and authorization').
public struct TokenConfiguration: Sendable {
    /// Shortest HS256 key accepted (RFC 7518, section 3.2: at least as long as the hash).
    public static let minimumSecretBytes = 32

    /// The HS256 key; at least ``minimumSecretBytes`` long.
    public var secret: Secret
    /// What `iss` must be; `nil` accepts any.
    public var issuer: String?
    /// What `aud` must contain; `nil` accepts any.
    public var audience: String?
    /// The claim that names the client; `sub` stands in where a token has none.
    public var clientClaim: String

    public init(secret: Secret, issuer: String? = nil, audience: String? = nil, clientClaim: String = "client_id") {
        self.secret = secret
        self.issuer = issuer
        self.audience = audience
        self.clientClaim = clientClaim
    }
}
