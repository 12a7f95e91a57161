public import ChatCore
internal import FoundationEssentials
internal import JWTKit
internal import Synchronization

/// Turns a token into the caller it stands for (`contract/semantics.md`, 'Identity and authorization').
///
/// Accepts JSON Web Tokens signed with HS256 and nothing else.
public final class TokenVerifier: Sendable {
    /// Longest token looked at.
    public static let maximumTokenBytes = 8192

    private let configuration: TokenConfiguration
    private let algorithm: any JWTAlgorithm
    private let verified = Mutex(VerifiedTokenCache())

    /// - Throws: ``ChatError`` `INTERNAL_ERROR` when the key cannot be used.
    public init(_ configuration: TokenConfiguration) async throws(ChatError) {
        self.configuration = configuration
        do {
            algorithm = try await JWTKeyCollection.hs256(configuration).getKey()
        } catch {
            throw .internalError(underlying: error)
        }
    }

    /// The caller whose token this is, valid at `time`.
    ///
    /// - Throws: ``ChatError`` `AUTH_REQUIRED` with a message fit for the client; the reason is its underlying error.
    public func verify(_ token: String, at time: Timestamp = .now) async throws(ChatError) -> Caller {
        if let caller = verified.withLock({ $0.caller(of: token, at: time) }) { return caller }
        let caller: Caller
        do {
            caller = try check(token, at: time)
        } catch {
            throw error.chatError
        }
        verified.withLock { $0.insert(token, caller) }
        return caller
    }

    private func check(_ token: String, at time: Timestamp) throws(TokenRefusal) -> Caller {
        guard token.utf8.count <= Self.maximumTokenBytes else { throw .tooLong }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.decode(parts[2]) else { throw .malformed }
        try checkHeader(try Self.object(parts[0]))
        let signed = Array(parts[0]) + [UInt8(ascii: ".")] + Array(parts[1])
        guard (try? algorithm.verify(signature, signs: signed)) == true else { throw .wrongSignature }
        return try TokenClaims(try Self.object(parts[1])).caller(configuration, at: time)
    }

    /// The algorithm is ours to name, never the token's; an extension marked critical is refused, as we know none
    /// (RFC 7515, section 4.1.11).
    private func checkHeader(_ header: JSONObject) throws(TokenRefusal) {
        guard header["alg"] == "HS256" else { throw .wrongAlgorithm }
        guard header["crit"] == nil else { throw .unknownCriticalHeader }
    }

    private static func object(_ part: Substring.UTF8View) throws(TokenRefusal) -> JSONObject {
        guard let bytes = Base64URL.decode(part), let object = try? JSONParser.parse(bytes).objectValue else {
            throw .malformed
        }
        return object
    }
}

extension JWTKeyCollection {
    static func hs256(_ configuration: TokenConfiguration) async -> JWTKeyCollection {
        await JWTKeyCollection().add(hmac: HMACKey(from: configuration.secret.value), digestAlgorithm: .sha256)
    }
}
