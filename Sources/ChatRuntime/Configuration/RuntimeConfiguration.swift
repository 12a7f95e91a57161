public import ChatCore
public import Logging

/// What every process reads.
public struct RuntimeConfiguration: Sendable {
    public var role: Node.Role
    /// The configured `NODE_ID`: for people, not unique over restarts.
    public var nodeName: String
    /// Address both listeners bind to.
    public var host: String
    /// Port of health and metrics; 0 takes any free one.
    public var adminPort: Int
    public var database: DatabaseConfiguration
    public var redisURL: String
    public var logging: LoggingConfiguration
    /// Time running work may still take after SIGTERM.
    public var drainSeconds: Int
    /// Whether backends may have loopback and private addresses.
    public var webhookAllowPrivate: Bool

    public init(
        role: Node.Role,
        nodeName: String,
        host: String = "127.0.0.1",
        adminPort: Int,
        database: DatabaseConfiguration,
        redisURL: String,
        logging: LoggingConfiguration = LoggingConfiguration(),
        drainSeconds: Int = 30,
        webhookAllowPrivate: Bool = false
    ) {
        self.role = role
        self.nodeName = nodeName
        self.host = host
        self.adminPort = adminPort
        self.database = database
        self.redisURL = redisURL
        self.logging = logging
        self.drainSeconds = drainSeconds
        self.webhookAllowPrivate = webhookAllowPrivate
    }
}

/// How PostgreSQL is reached.
public struct DatabaseConfiguration: Sendable {
    /// A libpq connection string; it may hold a password.
    public var url: String
    /// Connections held at most.
    public var poolSize: Int
    public var statementTimeoutMilliseconds: Int

    public init(url: String, poolSize: Int, statementTimeoutMilliseconds: Int = 10_000) {
        self.url = url
        self.poolSize = poolSize
        self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
    }
}

/// How the log is written.
public struct LoggingConfiguration: Sendable {
    public enum Format: String, Sendable {
        /// One JSON object a line.
        case json
        /// Lines for people.
        case text
    }

    public var level: Logger.Level
    public var format: Format

    public init(level: Logger.Level = .info, format: Format = .json) {
        self.level = level
        self.format = format
    }
}
