internal import FoundationEssentials

/// The secret a share is opened with: 256 random bits, written in base64url (RFC 4648, section 5, without padding).
///
/// Whoever holds it reads the session, so it is handed out once, never logged, and kept only as its SHA-256.
public struct ShareToken: Hashable, Sendable {
    public static let byteCount = 32

    public let bytes: [UInt8]

    /// From the system's cryptographic random numbers.
    public static func make() -> ShareToken {
        var random = SystemRandomNumberGenerator()
        return ShareToken(bytes: (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// `nil` for anything that ``text`` does not give.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 43 else { return nil }
        var base64 = Data(capacity: 44)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): base64.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): base64.append(UInt8(ascii: "/"))
            default: base64.append(byte)
            }
        }
        base64.append(UInt8(ascii: "="))
        guard let data = Data(base64Encoded: base64), data.count == Self.byteCount else { return nil }
        bytes = Array(data)
        // Base64 has several spellings of some bytes, and one is enough.
        guard self.text == text else { return nil }
    }

    /// 43 characters that need no encoding in a URL.
    public var text: String {
        var text = ""
        text.reserveCapacity(44)
        for byte in Data(bytes).base64EncodedString().utf8 {
            switch byte {
            case UInt8(ascii: "+"): text.append("-")
            case UInt8(ascii: "/"): text.append("_")
            case UInt8(ascii: "="): break
            default: text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return text
    }
}

extension ShareToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says nothing, so that no record of anything shows a token.
    public var description: String { "share token" }
    public var debugDescription: String { description }
}
