public import FoundationEssentials

/// An identifier of one kind of entity: a UUID, written in lower case, version 7 when the engine makes it.
///
/// The phantom type keeps a session's id from being passed where a message's is meant.
public struct EntityID<Entity>: Hashable, Sendable, CustomStringConvertible {
    public let uuid: UUID

    public init(_ uuid: UUID) {
        self.uuid = uuid
    }

    /// Reads the 36-character form in either case; anything else is `nil`.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 36, let uuid = UUID(uuidString: String(text)) else { return nil }
        self.uuid = uuid
    }

    /// A new identifier whose first 48 bits are the time in milliseconds (RFC 9562, version 7), so that ids made
    /// later sort later and land at the end of an index.
    public static func make(at time: Timestamp = .now) -> EntityID {
        var random = SystemRandomNumberGenerator()
        return make(at: time, random.next(), random.next())
    }

    /// The identifier that follows from the time and these bits, of which 74 count.
    static func make(at time: Timestamp, bits: [UInt8]) -> EntityID {
        let words = bits.prefix(16).enumerated().reduce(into: [UInt64](repeating: 0, count: 2)) { words, bit in
            words[bit.offset / 8] |= UInt64(bit.element) << UInt64(8 * (bit.offset % 8))
        }
        return make(at: time, words[0], words[1])
    }

    private static func make(at time: Timestamp, _ first: UInt64, _ second: UInt64) -> EntityID {
        let milliseconds = UInt64(clamping: time.millisecondsSince1970)
        let high = (milliseconds << 16) | 0x7000 | (first & 0x0FFF)
        let low = 0x8000_0000_0000_0000 | (second & 0x3FFF_FFFF_FFFF_FFFF)
        func byte(_ word: UInt64, _ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> shift) }
        return EntityID(
            UUID(
                uuid: (
                    byte(high, 56), byte(high, 48), byte(high, 40), byte(high, 32),
                    byte(high, 24), byte(high, 16), byte(high, 8), byte(high, 0),
                    byte(low, 56), byte(low, 48), byte(low, 40), byte(low, 32),
                    byte(low, 24), byte(low, 16), byte(low, 8), byte(low, 0)
                )
            )
        )
    }

    public var description: String {
        withUnsafeBytes(of: uuid.uuid) { bytes in
            String(unsafeUninitializedCapacity: 36) { text in
                var position = 0
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    text[position] = Self.digit(byte >> 4)
                    text[position + 1] = Self.digit(byte & 0x0F)
                    position += 2
                }
                return position
            }
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}

public typealias SessionID = EntityID<Session>
public typealias MessageID = EntityID<Message>
public typealias SessionTypeID = EntityID<SessionType>
/// One run of a process: made anew at every start, so that a restarted node never inherits the streams of its
/// predecessor, whatever its configured name.
public typealias NodeID = EntityID<Node>
