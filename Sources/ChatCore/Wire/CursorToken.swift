internal import FoundationEssentials

/// A page cursor as clients hold it: base64url of the list's name and the sort keys, and a checksum over both.
///
/// The checksum tells a cursor that was cut or edited from one that was given; it keeps nobody from making one, and
/// need not, as a cursor opens nothing its holder could not list anyway.
public enum CursorToken {
    /// Longest token looked at.
    public static let maximumBytes = 1024

    private static let separator: UInt8 = 0x1F
    private static let checksumBytes = 6

    public static func text(of cursor: PageCursor) -> String {
        var bytes = Array(cursor.list.utf8)
        for key in cursor.keys {
            bytes.append(separator)
            bytes += key.utf8
        }
        return base64URL(checksum(of: bytes[...]) + bytes)
    }

    /// `nil` for anything that ``text(of:)`` did not make.
    public static func cursor(in text: String) -> PageCursor? {
        guard text.utf8.count <= maximumBytes, let bytes = decode(text), bytes.count > checksumBytes else { return nil }
        let content = bytes[checksumBytes...]
        // Compared as text too: base64 has several spellings of some bytes, and one is enough.
        guard checksum(of: content) == Array(bytes[..<checksumBytes]), base64URL(bytes) == text else { return nil }
        let fields = content.split(separator: separator, omittingEmptySubsequences: false)
            .compactMap { String(validating: $0, as: UTF8.self) }
        guard let list = fields.first else { return nil }
        return PageCursor(list: list, keys: Array(fields.dropFirst()))
    }

    private static func checksum(of content: ArraySlice<UInt8>) -> [UInt8] {
        let hash = StableDigest.hash(of: content)
        return (0..<checksumBytes).map { UInt8(truncatingIfNeeded: hash >> UInt128(8 * $0)) }
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        var text = ""
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

    private static func decode(_ text: String) -> [UInt8]? {
        var base64 = Data()
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): base64.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): base64.append(UInt8(ascii: "/"))
            default: base64.append(byte)
            }
        }
        while base64.count % 4 != 0 { base64.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: base64).map(Array.init)
    }
}
