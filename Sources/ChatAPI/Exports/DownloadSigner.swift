internal import ChatCore
internal import ChatRuntime
internal import Crypto
internal import FoundationEssentials

/// Signs the links to exports (HMAC-SHA256, RFC 2104), so that a name and a time are good for a download without a token.
struct DownloadSigner: Sendable {
    private let key: SymmetricKey

    /// The key is derived from the secret (HKDF, RFC 5869): it opens nothing else the secret opens.
    init(secret: Secret) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(secret.value.utf8)),
            salt: Array("chat-engine".utf8),
            info: Array("export downloads".utf8),
            outputByteCount: 32
        )
    }

    /// 64 hexadecimal digits.
    func signature(of name: ExportName, expires: Int64) -> String {
        Hexadecimal.text(of: HMAC<SHA256>.authenticationCode(for: Self.message(name, expires), using: key))
    }

    /// Takes the same time whatever is wrong with a signature of the right length.
    func isValid(_ signature: String, of name: ExportName, expires: Int64) -> Bool {
        guard let code = Hexadecimal.bytes(in: signature), code.count == SHA256.byteCount else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.message(name, expires), using: key)
    }

    private static func message(_ name: ExportName, _ expires: Int64) -> [UInt8] {
        Array("GET\n\(name)\n\(expires)".utf8)
    }
}

/// Bytes in lower-case hexadecimal digits.
enum Hexadecimal {
    static func text(of bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// `nil` for anything ``text(of:)`` does not write.
    static func bytes(in text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var digits = text.utf8[...]
        while let high = digits.popFirst() {
            guard let low = digits.popFirst(), let first = digit(high), let second = digit(low) else { return nil }
            bytes.append(first << 4 | second)
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
