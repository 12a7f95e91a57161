/// Everything that is wrong with a configuration, one line each, all found in one go.
public struct ConfigurationProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// Not empty; no line carries a secret.
    public let lines: [String]

    public init(_ lines: [String]) {
        self.lines = lines
    }

    public var description: String { lines.joined(separator: "\n") }
}
