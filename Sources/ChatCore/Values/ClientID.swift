/// The application user a token stands for: the owner of sessions, in whose name everything is stored.
public struct ClientID: Hashable, Sendable, CustomStringConvertible {
    /// Longest id accepted, in UTF-8 bytes.
    public static let maximumBytes = 256

    public let rawValue: String

    /// `nil` for text that is empty, longer than ``maximumBytes``, or holds a control character.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumBytes,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return nil }
        self.rawValue = text
    }

    public var description: String { rawValue }

    // Ids are equal as they are to the database, byte by byte: two spellings of one text are two clients.

    public static func == (one: ClientID, other: ClientID) -> Bool {
        one.rawValue.utf8.elementsEqual(other.rawValue.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in rawValue.utf8 { hasher.combine(byte) }
    }
}
