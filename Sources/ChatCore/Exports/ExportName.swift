/// The name of an export's file: the session, 256 random bits nobody guesses, and the format.
///
/// Nothing but such a name is ever looked for in a store, so that none leads anywhere else.
public struct ExportName: Hashable, Sendable, CustomStringConvertible {
    public let sessionID: SessionID
    public let format: ExportFormat
    /// 64 hexadecimal digits.
    private let secret: String

    private static let secretDigits = 64

    /// A new name.
    public init(of session: SessionID, format: ExportFormat) {
        self.sessionID = session
        self.format = format
        var random = SystemRandomNumberGenerator()
        secret = (0..<Self.secretDigits / 16).map { _ in
            let digits = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// Reads what ``description`` writes; anything else is `nil`.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard let id = SessionID(text.prefix(36)),
            let format = ExportFormat.allCases.first(where: { text.hasSuffix(".\($0.fileExtension)") })
        else { return nil }
        sessionID = id
        self.format = format
        secret = String(text.dropFirst(37).prefix(Self.secretDigits))
        guard text == description, secret.utf8.count == Self.secretDigits, secret.utf8.allSatisfy(Self.isDigit) else {
            return nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    public var description: String { "\(sessionID)-\(secret).\(format.fileExtension)" }

    /// What a browser is to call the file.
    public var downloadName: String { "session-\(sessionID).\(format.fileExtension)" }
}
