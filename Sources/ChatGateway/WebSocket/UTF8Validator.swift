/// Checks text piece by piece, however the pieces cut its characters (RFC 3629).
struct UTF8Validator: Sendable {
    private static let continuation: ClosedRange<UInt8> = 0x80...0xBF
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// So many bytes of the character under way are to come.
    private var missing = 0
    /// What the next of them may be: the second byte has narrower bounds, which keep out overlong forms, surrogates and
    /// what lies behind U+10FFFF.
    private var allowed = continuation

    /// Whether the text may end here.
    var isWhole: Bool { missing == 0 }

    /// Takes the next piece.
    ///
    /// - Returns: `false` as soon as nothing that may follow makes the text valid; the validator is of no use
    /// afterwards.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while position < bytes.count {
            // Most text is ASCII, for the most part.
            if missing == 0, bytes.count - position >= 8,
                bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) & Self.highBits == 0
            {
                position += 8
                continue
            }
            guard append(bytes[position]) else { return false }
            position += 1
        }
        return true
    }

    private mutating func append(_ byte: UInt8) -> Bool {
        guard missing == 0 else {
            guard allowed.contains(byte) else { return false }
            missing -= 1
            allowed = Self.continuation
            return true
        }
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, allowed) = (2, 0xA0...0xBF)
        case 0xED: (missing, allowed) = (2, 0x80...0x9F)
        case 0xE1...0xEF: missing = 2
        case 0xF0: (missing, allowed) = (3, 0x90...0xBF)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, allowed) = (3, 0x80...0x8F)
        default: return false
        }
        return true
    }
}
