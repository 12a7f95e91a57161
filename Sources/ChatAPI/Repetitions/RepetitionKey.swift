public import ChatCore
internal import Crypto

/// A client's key for a request that it may send again: what the store may know is derived from it, and so is what
/// seals the kept answer.
///
/// An answer may hold a secret, like the token of a share, so whoever reads the database alone must not be able to read
/// it. The key itself is stored nowhere; a seal is as strong as the key is hard to guess.
public struct RepetitionKey: SealingKey {
    static let maximumBytes = 255

    private let clientID: ClientID
    private let secret: SymmetricKey

    /// `nil` when the text is not of 1 to 255 visible ASCII characters.
    public init?(_ text: String, clientID: ClientID) {
        guard (1...Self.maximumBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.clientID = clientID
        secret = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(text.utf8)),
            salt: Array(clientID.rawValue.utf8),
            info: Array("chat-engine idempotency key".utf8),
            outputByteCount: 32
        )
    }

    /// - Parameter body: the bytes as they came.
    public func request(method: String, address: String, body: some Sequence<UInt8>) -> RepeatableRequest {
        // Neither a method nor an address holds a line feed.
        let asked = Array("\(method)\n\(address)\n".utf8) + body
        return RepeatableRequest(
            clientID: clientID,
            key: code(of: [], for: "key"),
            digest: code(of: asked, for: "request")
        )
    }

    /// Encrypts an answer so that it opens with this key and for this request alone (AES-GCM).
    public func seal(_ answer: [UInt8], to request: RepeatableRequest) throws -> [UInt8] {
        guard
            let sealed = try AES.GCM.seal(answer, using: sealingKey, authenticating: request.digest).combined
        else { throw CryptoKitError.incorrectParameterSize }
        return Array(sealed)
    }

    /// - Throws: when the bytes are not what ``seal(_:to:)`` made.
    public func open(_ sealed: [UInt8], of request: RepeatableRequest) throws -> [UInt8] {
        Array(try AES.GCM.open(AES.GCM.SealedBox(combined: sealed), using: sealingKey, authenticating: request.digest))
    }

    private var sealingKey: SymmetricKey { SymmetricKey(data: code(of: [], for: "answer")) }

    private func code(of bytes: [UInt8], for purpose: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array("\(purpose)\n".utf8) + bytes, using: secret))
    }
}
