internal import ChatCore
internal import Crypto
internal import FoundationEssentials

/// The signature of a webhook call after the Standard Webhooks specification: HMAC-SHA256 of `id.timestamp.body`.
struct WebhookSignature {
    private let key: SymmetricKey

    /// - Parameter secret: `whsec_` and the key in base64; any other text is the key itself.
    init(secret: String) {
        let prefix = "whsec_"
        if secret.hasPrefix(prefix), let data = Data(base64Encoded: String(secret.dropFirst(prefix.count))) {
            key = SymmetricKey(data: data)
        } else {
            key = SymmetricKey(data: Data(secret.utf8))
        }
    }

    /// The header fields that carry the signature; `id` stays the same when a call is made again.
    func headers(id: String, time: Timestamp, body: [UInt8]) -> [(name: String, value: String)] {
        let seconds = time.millisecondsSince1970 / 1000
        var code = HMAC<SHA256>(key: key)
        code.update(data: Data("\(id).\(seconds).".utf8))
        code.update(data: body)
        return [
            ("webhook-id", id),
            ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", "v1,\(Data(code.finalize()).base64EncodedString())"),
        ]
    }
}
