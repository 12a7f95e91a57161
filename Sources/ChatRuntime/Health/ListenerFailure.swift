#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A listener that could not be opened: says which, why, and the setting that moves it.
public struct ListenerFailure: Error, CustomStringConvertible {
    public enum Listener: String, Sendable {
        case `public` = "PORT"
        case administration = "ADMIN_PORT"
    }

    public let host: String
    public let port: Int
    public let listener: Listener
    public let underlyingError: any Error

    public init(host: String, port: Int, listener: Listener, underlyingError: any Error) {
        self.host = host
        self.port = port
        self.listener = listener
        self.underlyingError = underlyingError
    }

    /// One line for standard error.
    public var description: String {
        "cannot listen on \(host):\(port): \(reason); \(listener.rawValue) sets the port, HOST the address"
    }

    /// The system's words, where the error carries its number.
    private var reason: String {
        let text = String(describing: underlyingError)
        guard let match = text.firstMatch(of: #/errno: (\d+)/#), let number = Int32(match.output.1),
            let words = strerror(number)
        else { return text.split(whereSeparator: \.isNewline).joined(separator: " ") }
        return String(cString: words).lowercased()
    }
}
