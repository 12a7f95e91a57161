import NIOSSL

/// Where Redis is and how to talk to it.
///
/// Read it from an address with ``init(url:)``; the limits and times have defaults that suit every process.
public struct RedisConfiguration: Sendable {
    public enum Address: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    public var address: Address
    public var username: String?
    public var password: String?
    /// Chosen with `SELECT`; channels are the same in every database.
    public var database: Int
    /// How `CLIENT LIST` shows the connections; each adds its role. No spaces.
    public var clientName: String = "chat-engine"

    /// For one attempt: name look-up, TCP, TLS and authentication.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a command waits for its answer.
    public var commandTimeout: Duration = .seconds(2)
    /// A connection that was silent for this long is sent a `PING`.
    public var pingInterval: Duration = .seconds(2)
    /// A connection that stays silent for this long after a `PING` is closed and made anew.
    public var pingTimeout: Duration = .seconds(3)
    /// The longest wait for the server to close a connection that is being left.
    public var closeTimeout: Duration = .seconds(1)
    /// The first wait between two attempts, doubled with each further one; the first retry is made at once.
    public var minimumReconnectDelay: Duration = .milliseconds(50)
    public var maximumReconnectDelay: Duration = .seconds(5)

    /// Commands that wait to be sent or answered.
    public var maximumQueuedCommands: Int = 10_000
    /// Bytes of the commands that wait to be sent.
    public var maximumQueuedBytes: Int = 64 << 20
    /// The largest signal; Redis by default drops subscribers with 32 MiB waiting for them.
    public var maximumPayloadBytes: Int = 16 << 20
    /// A server that sends a larger reply is left.
    public var maximumReplyBytes: Int = 64 << 20

    /// Nil for a connection without TLS.
    var tlsContext: NIOSSLContext?

    /// A connection without TLS.
    public init(address: Address, username: String? = nil, password: String? = nil, database: Int = 0) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// The address; the password is masked.
    public var description: String {
        let secret = password == nil ? "" : ":***"
        let credentials = username == nil && password == nil ? "" : "\(username ?? "")\(secret)@"
        return switch address {
        case .unix(let path):
            "unix://\(credentials)\(path)?db=\(database)"
        case .tcp(let host, let port):
            "\(tlsContext == nil ? "redis" : "rediss")://\(credentials)\(host.bracketedWhenIPv6):\(port)/\(database)"
        }
    }

    public var debugDescription: String { description }
}

extension String {
    fileprivate var bracketedWhenIPv6: String { contains(":") ? "[\(self)]" : self }
}
