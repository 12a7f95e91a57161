import CLibPQ

/// How to reach PostgreSQL and how much of it one process may use.
///
/// The connection string may hold a password, so a configuration has no description; log single fields.
public struct PostgresConfiguration: Sendable {
    /// Any libpq connection string (`postgresql://…` or `key=value …`), TLS parameters included.
    public var connectionString: String
    /// The most connections held at once; opened as they are needed and kept.
    public var poolSize: Int
    /// Longest a single statement may run on the server (`statement_timeout`); 0 means no limit.
    public var statementTimeoutMilliseconds: Int
    /// Longest one attempt to connect may take, TLS and authentication included; the look-up of a host name comes on top.
    public var connectTimeoutSeconds: Int
    /// Longest an operation waits for a connection.
    public var maximumWaitMilliseconds: Int
    /// Most operations that wait for a connection at once; one more is refused.
    public var maximumWaitingOperations: Int
    /// What `pg_stat_activity` shows, unless the connection string names another.
    public var applicationName: String

    public init(
        connectionString: String,
        poolSize: Int = 8,
        statementTimeoutMilliseconds: Int = 10_000,
        connectTimeoutSeconds: Int = 5,
        maximumWaitMilliseconds: Int = 5000,
        maximumWaitingOperations: Int = 10_000,
        applicationName: String = "chat-engine"
    ) {
        self.connectionString = connectionString
        self.poolSize = poolSize
        self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
        self.connectTimeoutSeconds = connectTimeoutSeconds
        self.maximumWaitMilliseconds = maximumWaitMilliseconds
        self.maximumWaitingOperations = maximumWaitingOperations
        self.applicationName = applicationName
    }

    /// Asks libpq whether it can read a connection string; nothing is connected.
    ///
    /// - Throws: ``PostgresError/Code/invalidConnectionString``, without quoting any of it.
    public static func validate(connectionString: String) throws(PostgresError) {
        guard let options = PQconninfoParse(connectionString, nil) else {
            throw PostgresError(.invalidConnectionString, "libpq cannot read the connection string.")
        }
        PQconninfoFree(options)
    }
}
