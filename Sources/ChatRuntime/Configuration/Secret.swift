/// Text that must not reach a log: it prints as asterisks wherever it is interpolated, described or reflected.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let mask = "********"

    /// The text itself.
    public let value: String

    public init(_ value: String) {
        self.value = value
    }

    public var description: String { Self.mask }
    public var debugDescription: String { Self.mask }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
