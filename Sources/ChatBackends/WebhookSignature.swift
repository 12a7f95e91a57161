internal import ChatCore
internal import Crypto
internal import FoundationEssentials

/// The signature of a webhook call after the Standard Webhooks specification: HMAC-SHA256 of `id.timestamp.body`, once
/// for each secret, so that a backend may know either of them while they are being changed.
struct WebhookSignature {
    private let keys: [SymmetricKey]

    /// - Parameter secret: one secret or several with spaces between them. A secret is `whsec_` and the key in base64;
    ///   any other text is the key itself.
    init(secret: String) {
        keys = secret.split(separator: " ").map { Self.key(String($0)) }
    }

    /// The header fields that carry the signatures; `id` stays the same when a call is made again.
    func headers(id: String, time: Timestamp, body: [UInt8]) -> [(name: String, value: String)] {
        let seconds = time.millisecondsSince1970 / 1000
        let start = Data("\(id).\(seconds).".utf8)
        let signatures = keys.map { key in
            var code = HMAC<SHA256>(key: key)
            code.update(data: start)
            code.update(data: body)
            return "v1,\(Data(code.finalize()).base64EncodedString())"
        }
        return [
            ("webhook-id", id),
            ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    private static func key(_ secret: String) -> SymmetricKey {
        let prefix = "whsec_"
        if secret.hasPrefix(prefix), let data = Data(base64Encoded: String(secret.dropFirst(prefix.count))) {
            return SymmetricKey(data: data)
        }
        return SymmetricKey(data: Data(secret.utf8))
    }
}
