/// An address that cannot be used; names the part that is wrong, never its value, which may hold a password.
public struct RedisConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Part: String, Sendable {
        case scheme, credentials, host, port, path, database, parameter, fragment, certificate
    }

    public let part: Part
    public let message: String

    public init(_ part: Part, _ message: String) {
        self.part = part
        self.message = message
    }

    public var description: String { "Redis address: \(message)" }
}
