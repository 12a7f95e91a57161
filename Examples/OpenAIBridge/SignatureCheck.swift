import Crypto
import Foundation
import HTTPTypes
import NIOCore

/// Whether a call comes from the engine, after the Standard Webhooks specification.
struct SignatureCheck: Sendable {
    /// How far the clocks of the engine and this backend may differ, and how old a call may be.
    private static let toleranceSeconds: TimeInterval = 300
    private static let prefix = "whsec_"
    private static let id = HTTPField.Name("webhook-id")
    private static let timestamp = HTTPField.Name("webhook-timestamp")
    private static let signature = HTTPField.Name("webhook-signature")

    private let key: SymmetricKey

    /// - Parameter secret: `whsec_` and the key in base64; any other text is the key itself.
    init(secret: String) {
        let encoded =
            secret.hasPrefix(Self.prefix) ? Data(base64Encoded: String(secret.dropFirst(Self.prefix.count))) : nil
        key = SymmetricKey(data: encoded ?? Data(secret.utf8))
    }

    /// Says whether `body` was signed with this secret, not long before or after `now`.
    func accepts(_ headers: HTTPFields, body: ByteBuffer, now: Date = Date()) -> Bool {
        guard let id = Self.id.flatMap({ headers[$0] }), let timestamp = Self.timestamp.flatMap({ headers[$0] }),
            let signatures = Self.signature.flatMap({ headers[$0] }), let seconds = TimeInterval(timestamp),
            abs(now.timeIntervalSince1970 - seconds) <= Self.toleranceSeconds
        else { return false }
        var code = HMAC<SHA256>(key: key)
        code.update(data: Data("\(id).\(timestamp).".utf8))
        code.update(data: body.readableBytesView)
        let expected = code.finalize()
        // There are several while the secret is being changed. The comparison takes the same time whatever is in them.
        return signatures.split(separator: " ").contains { entry in
            guard entry.hasPrefix("v1,"), let given = Data(base64Encoded: String(entry.dropFirst(3))) else {
                return false
            }
            return expected == given
        }
    }
}
