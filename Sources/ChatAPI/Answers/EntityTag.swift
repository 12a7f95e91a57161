internal import Crypto

/// A strong entity tag (RFC 9110, section 8.8.3): the first half of the SHA-256 of the bytes of an answer, so that
/// everything an answer shows is part of it.
struct EntityTag {
    /// With its quotes.
    let text: String

    init(of bytes: [UInt8]) {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        let digest = hash.finalize()
        text = digest.withUnsafeBytes { digest in
            String(unsafeUninitializedCapacity: 34) { text in
                text[0] = UInt8(ascii: "\"")
                for index in 0..<16 {
                    text[1 + 2 * index] = Self.digit(digest[index] >> 4)
                    text[2 + 2 * index] = Self.digit(digest[index] & 0x0F)
                }
                text[33] = UInt8(ascii: "\"")
                return 34
            }
        }
    }

    /// The tag of the same answer in gzip: other bytes, so another strong tag.
    static func encoded(_ text: String) -> String { text.dropLast() + "-gzip\"" }

    /// The tag by which an `If-None-Match` header names this answer, plain or in gzip, weak or strong, or by `*`; `nil`
    /// when it does not.
    func text(namedIn header: String) -> String? {
        if header == text { return text }
        for candidate in header.split(separator: ",") {
            var candidate = candidate.drop { $0 == " " || $0 == "\t" }
            while candidate.last == " " || candidate.last == "\t" { candidate.removeLast() }
            if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
            if candidate == text || candidate == "*" { return text }
            if candidate == Self.encoded(text) { return Self.encoded(text) }
        }
        return nil
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
