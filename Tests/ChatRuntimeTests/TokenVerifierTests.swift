import ChatCore
import Foundation
import JWTKit
import Testing

@testable import ChatRuntime

@Suite("Verifying tokens")
struct TokenVerifierTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let now = Timestamp(microsecondsSince1970: 1_800_000_000_000_000)
    private static let header = #"{"alg":"HS256","typ":"JWT"}"#

    private static func configuration(
        issuer: String? = nil,
        audience: String? = nil,
        claim: String = "client_id"
    )
        -> TokenConfiguration
    {
        TokenConfiguration(secret: Secret(secret), issuer: issuer, audience: audience, clientClaim: claim)
    }

    private static func encoded(_ bytes: some Sequence<UInt8>) -> String {
        Data(Array(bytes)).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// A token signed over exactly these texts.
    private static func token(header: String = header, claims: String, key: String = secret) async throws -> String {
        let signed = encoded(header.utf8) + "." + encoded(claims.utf8)
        let algorithm = try await JWTKeyCollection().add(hmac: HMACKey(from: key), digestAlgorithm: .sha256).getKey()
        return signed + "." + encoded(try algorithm.sign(Data(signed.utf8)))
    }

    private static func refusal(
        _ token: String,
        _ configuration: TokenConfiguration = configuration()
    ) async throws
        -> TokenRefusal?
    {
        let verifier = try await TokenVerifier(configuration)
        do {
            _ = try await verifier.verify(token, at: now)
            return nil
        } catch {
            #expect(error.code == .authRequired)
            #expect(token.count < 10 || !error.message.contains(token))
            return error.underlyingError as? TokenRefusal
        }
    }

    @Test("a good token gives its caller")
    func caller() async throws {
        let verifier = try await TokenVerifier(Self.configuration())
        let token = try await Self.token(claims: #"{"client_id":"c","sub":"s","exp":1800000001,"scope":"a b"}"#)
        let caller = try await verifier.verify(token, at: Self.now)
        #expect(caller.clientID.rawValue == "c")
        #expect(!caller.isAdministrator)
        #expect(caller.expiresAt == Self.now.advanced(bySeconds: 1))
    }

    @Test("the subject stands in for an absent client claim; the claim can be named")
    func clientClaim() async throws {
        let token = try await Self.token(claims: #"{"azp":"a","sub":"s","exp":1800000001.5}"#)
        let standard = try await TokenVerifier(Self.configuration()).verify(token, at: Self.now)
        #expect(standard.clientID.rawValue == "s")
        let named = try await TokenVerifier(Self.configuration(claim: "azp")).verify(token, at: Self.now)
        #expect(named.clientID.rawValue == "a")
        #expect(named.expiresAt.microsecondsSince1970 == 1_800_000_001_500_000)
    }

    @Test(
        "the scope opens administration, as a whole word",
        arguments: [
            ("chat-engine:admin", true), ("x chat-engine:admin y", true), ("chat-engine:administrator", false),
            ("", false),
        ]
    )
    func scope(scope: String, isAdministrator: Bool) async throws {
        let token = try await Self.token(claims: #"{"sub":"s","exp":1800000001,"scope":"\#(scope)"}"#)
        let caller = try await TokenVerifier(Self.configuration()).verify(token, at: Self.now)
        #expect(caller.isAdministrator == isAdministrator)
    }

    @Test(
        "claims that do not hold are refused",
        arguments: [
            (#"{"sub":"s"}"#, TokenRefusal.malformed),
            (#"{"sub":"s","exp":"1800000001"}"#, .malformed),
            (#"{"sub":"s","exp":1e999}"#, .malformed),
            (#"{"sub":"s","exp":1800000000}"#, .expired),
            (#"{"sub":"s","exp":-1e300}"#, .expired),
            (#"{"sub":"s","exp":1800000009,"nbf":1800000001}"#, .notYetValid),
            (#"{"sub":"s","exp":1800000009,"nbf":true}"#, .malformed),
            (#"{"exp":1800000009}"#, .clientMissing),
            (#"{"sub":"","exp":1800000009}"#, .clientMissing),
            (#"{"sub":7,"exp":1800000009}"#, .clientMissing),
            (#"{"client_id":null,"sub":"s","exp":1800000009}"#, .clientMissing),
            (#"{"sub":"a\nb","exp":1800000009}"#, .clientMissing),
            (#"{"sub":"a","sub":"b","exp":1800000009}"#, .malformed),
            (#"["sub"]"#, .malformed),
        ]
    )
    func badClaims(claims: String, expected: TokenRefusal) async throws {
        #expect(try await Self.refusal(try await Self.token(claims: claims)) == expected)
    }

    @Test("a far expiry is cut off, not trapped on")
    func farExpiry() async throws {
        let token = try await Self.token(claims: #"{"sub":"s","exp":1e300}"#)
        #expect(try await Self.refusal(token) == nil)
    }

    @Test("issuer and audience are checked when they are configured")
    func issuerAndAudience() async throws {
        let strict = Self.configuration(issuer: "i", audience: "a")
        let good = [
            #"{"sub":"s","exp":1800000009,"iss":"i","aud":"a"}"#,
            #"{"sub":"s","exp":1800000009,"iss":"i","aud":["b","a"]}"#,
        ]
        for claims in good { #expect(try await Self.refusal(try await Self.token(claims: claims), strict) == nil) }
        let noIssuer = try await Self.token(claims: #"{"sub":"s","exp":1800000009,"aud":"a"}"#)
        #expect(try await Self.refusal(noIssuer, strict) == .wrongIssuer)
        let otherAudience = try await Self.token(claims: #"{"sub":"s","exp":1800000009,"iss":"i","aud":["b"]}"#)
        #expect(try await Self.refusal(otherAudience, strict) == .wrongAudience)
        let noAudience = try await Self.token(claims: #"{"sub":"s","exp":1800000009,"iss":"i"}"#)
        #expect(try await Self.refusal(noAudience, strict) == .wrongAudience)
    }

    @Test(
        "headers that do not hold are refused",
        arguments: [
            (#"{"alg":"none"}"#, TokenRefusal.wrongAlgorithm),
            (#"{"alg":"HS512"}"#, .wrongAlgorithm),
            (#"{"alg":"hs256"}"#, .wrongAlgorithm),
            (#"{"typ":"JWT"}"#, .wrongAlgorithm),
            (#"{"alg":"HS256","crit":["exp"]}"#, .unknownCriticalHeader),
            (#"{"alg":"HS256","crit":[]}"#, .unknownCriticalHeader),
            (#"{"alg":"HS256""#, .malformed),
        ]
    )
    func badHeader(header: String, expected: TokenRefusal) async throws {
        let token = try await Self.token(header: header, claims: #"{"sub":"s","exp":1800000009}"#)
        #expect(try await Self.refusal(token) == expected)
    }

    @Test("a signature of another key, of other claims, or none is refused")
    func signature() async throws {
        let claims = #"{"sub":"s","exp":1800000009}"#
        let other = try await Self.token(claims: claims, key: "another key that is long enough!")
        #expect(try await Self.refusal(other) == .wrongSignature)
        let parts = try await Self.token(claims: claims).split(separator: ".").map(String.init)
        let forged = Self.encoded(#"{"sub":"t","exp":1800000009}"#.utf8)
        #expect(try await Self.refusal("\(parts[0]).\(forged).\(parts[2])") == .wrongSignature)
        #expect(try await Self.refusal("\(parts[0]).\(parts[1]).") == .wrongSignature)
        #expect(try await Self.refusal("\(parts[0]).\(parts[1])") == .malformed)
        #expect(try await Self.refusal("\(parts[0]).\(parts[1]).\(parts[2]).x") == .malformed)
        #expect(try await Self.refusal("\(parts[0]).\(parts[1]).\(parts[2])=") == .malformed)
    }

    @Test("what is no token is refused", arguments: ["", ".", "..", "a.b.c", "é.é.é", "a b c"])
    func garbage(text: String) async throws {
        #expect(try await Self.refusal(text) == .malformed)
    }

    @Test("a token over 8 KiB is not looked at")
    func tooLong() async throws {
        let long = String(repeating: "x", count: 7000)
        let token = try await Self.token(claims: #"{"sub":"s","exp":1800000009,"x":"\#(long)"}"#)
        #expect(try await Self.refusal(token) == .tooLong)
    }

    @Test("a token that was good a moment ago expires all the same")
    func expiryOfVerifiedToken() async throws {
        let verifier = try await TokenVerifier(Self.configuration())
        let token = try await Self.token(claims: #"{"sub":"s","exp":1800000001}"#)
        _ = try await verifier.verify(token, at: Self.now)
        _ = try await verifier.verify(token, at: Self.now)
        await #expect(throws: ChatError.self) {
            try await verifier.verify(token, at: Self.now.advanced(bySeconds: 1))
        }
    }

    @Test("a token we signed is one we accept")
    func signing() async throws {
        let configuration = Self.configuration(issuer: "i", audience: "a", claim: "azp")
        let client = try #require(ClientID("client é"))
        let token = try await TokenSigner(configuration)
            .sign(clientID: client, isAdministrator: true, expiresInSeconds: 60, at: Self.now)
        let caller = try await TokenVerifier(configuration).verify(token, at: Self.now)
        #expect(caller == Caller(clientID: client, isAdministrator: true, expiresAt: Self.now.advanced(bySeconds: 60)))
    }
}

@Suite("Remembering verified tokens")
struct VerifiedTokenCacheTests {
    private let now = Timestamp(microsecondsSince1970: 0)

    private func caller(_ name: String) throws -> Caller {
        Caller(
            clientID: try #require(ClientID(name)),
            isAdministrator: false,
            expiresAt: now.advanced(bySeconds: 10)
        )
    }

    @Test("never holds more than two generations, and keeps what is used")
    func bound() throws {
        var cache = VerifiedTokenCache()
        cache.insert("used", try caller("used"))
        for number in 0..<(4 * VerifiedTokenCache.generationSize) {
            cache.insert("token \(number)", try caller("c\(number)"))
            if number % 1000 == 0 { #expect(cache.caller(of: "used", at: now)?.clientID.rawValue == "used") }
            #expect(cache.count <= 2 * VerifiedTokenCache.generationSize)
        }
        #expect(cache.caller(of: "token 0", at: now) == nil)
    }

    @Test("forgets tokens that expire and takes no long ones")
    func expiryAndSize() throws {
        var cache = VerifiedTokenCache()
        let long = String(repeating: "x", count: VerifiedTokenCache.maximumTokenBytes + 1)
        cache.insert(long, try caller("c"))
        cache.insert("short", try caller("c"))
        #expect(cache.caller(of: long, at: now) == nil)
        #expect(cache.caller(of: "short", at: now.advanced(bySeconds: 9)) != nil)
        #expect(cache.caller(of: "short", at: now.advanced(bySeconds: 10)) == nil)
        #expect(cache.count == 0)
    }
}
