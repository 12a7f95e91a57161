internal import ChatCore

/// The claims of a token whose signature is good, checked one by one (RFC 7519).
struct TokenClaims {
    /// The scope that opens the administration of session types.
    static let administratorScope = "chat-engine:admin"

    private let claims: JSONObject

    init(_ claims: JSONObject) {
        self.claims = claims
    }

    func caller(_ configuration: TokenConfiguration, at time: Timestamp) throws(TokenRefusal) -> Caller {
        guard let expiry = try moment("exp") else { throw .malformed }
        guard time < expiry else { throw .expired }
        if let begin = try moment("nbf"), time < begin { throw .notYetValid }
        try checkIssuer(configuration.issuer)
        try checkAudience(configuration.audience)
        return Caller(
            clientID: try clientID(claim: configuration.clientClaim),
            isAdministrator: scopes.contains(Self.administratorScope[...]),
            expiresAt: expiry
        )
    }

    private func clientID(claim: String) throws(TokenRefusal) -> ClientID {
        guard case .string(let text)? = claims[claim] ?? claims["sub"], let clientID = ClientID(text) else {
            throw .clientMissing
        }
        return clientID
    }

    private var scopes: [Substring] {
        claims["scope"]?.stringValue?.split(separator: " ") ?? []
    }

    private func checkIssuer(_ expected: String?) throws(TokenRefusal) {
        guard let expected else { return }
        guard claims["iss"]?.stringValue == expected else { throw .wrongIssuer }
    }

    private func checkAudience(_ expected: String?) throws(TokenRefusal) {
        guard let expected else { return }
        switch claims["aud"] {
        case .string(expected)?: return
        case .array(let audiences)? where audiences.contains(.string(expected)): return
        default: throw .wrongAudience
        }
    }

    /// A NumericDate: seconds since 1970, a fraction allowed; `nil` when the claim is absent.
    private func moment(_ name: String) throws(TokenRefusal) -> Timestamp? {
        guard let claim = claims[name] else { return nil }
        guard case .number(let number) = claim, let seconds = number.double, seconds.isFinite else { throw .malformed }
        // Far ends of time are cut off, so that the conversion cannot trap.
        let bounded = min(max(seconds, -1e11), 1e11)
        return Timestamp(microsecondsSince1970: Int64(bounded * 1_000_000))
    }
}
