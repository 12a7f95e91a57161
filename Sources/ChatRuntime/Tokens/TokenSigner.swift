public import ChatCore
internal import JWTKit

/// Signs tokens for development and tests with the configured secret; production tokens come from an identity provider.
public struct TokenSigner: Sendable {
    private let configuration: TokenConfiguration

    public init(_ configuration: TokenConfiguration) {
        self.configuration = configuration
    }

    /// A token that ``TokenVerifier`` of the same configuration accepts until `time` + `expiresInSeconds`.
    ///
    /// - Throws: ``ChatError`` `INTERNAL_ERROR` when the key cannot be used.
    public func sign(
        clientID: ClientID,
        isAdministrator: Bool = false,
        expiresInSeconds: Int,
        at time: Timestamp = .now
    ) async throws(ChatError) -> String {
        let seconds = time.microsecondsSince1970 / 1_000_000
        let payload = SignedClaims(
            clientClaim: configuration.clientClaim,
            clientID: clientID.rawValue,
            issuer: configuration.issuer,
            audience: configuration.audience,
            scope: isAdministrator ? TokenClaims.administratorScope : nil,
            issuedAt: seconds,
            expiry: time.advanced(bySeconds: Int64(expiresInSeconds)).microsecondsSince1970 / 1_000_000
        )
        do {
            return try await JWTKeyCollection.hs256(configuration).sign(payload)
        } catch {
            throw .internalError(underlying: error)
        }
    }
}

/// What a development token says; encoded only, as reading is ``TokenClaims``' part.
private struct SignedClaims: JWTPayload {
    struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    var clientClaim: String
    var clientID: String
    var issuer: String?
    var audience: String?
    var scope: String?
    var issuedAt: Int64
    var expiry: Int64

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(clientID, forKey: Key(clientClaim))
        try container.encodeIfPresent(issuer, forKey: Key("iss"))
        try container.encodeIfPresent(audience, forKey: Key("aud"))
        try container.encodeIfPresent(scope, forKey: Key("scope"))
        try container.encode(issuedAt, forKey: Key("iat"))
        try container.encode(expiry, forKey: Key("exp"))
    }

    func verify(using algorithm: some JWTAlgorithm) async throws {}
}
