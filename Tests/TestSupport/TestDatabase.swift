/// A database that belongs to one test.
public struct TestDatabase: Sendable {
    public let server: PostgresServer
    public let name: String

    /// A libpq connection string over TCP.
    public var connectionString: String { server.connectionString(database: name) }

    /// A libpq connection string to a proxy on loopback.
    public func connectionString(port: Int) -> String { server.connectionString(database: name, port: port) }

    /// A libpq connection string over the unix socket.
    public var socketConnectionString: String { server.socketConnectionString(database: name) }

    /// Runs SQL with `psql` and returns its unadorned output.
    @discardableResult
    public func query(_ sql: String) async throws -> String {
        try await server.query(sql, database: name)
    }
}
