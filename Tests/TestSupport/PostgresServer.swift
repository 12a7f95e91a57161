import Foundation
import Synchronization

/// A PostgreSQL server of the tests' own, in a temporary directory, on loopback and a unix socket.
///
/// It ends with the test process, however that ends. Durability is off: a stop keeps the data, a crash of the machine
/// would not.
public final class PostgresServer: Sendable {
    public let port: Int
    /// Where its unix socket lies.
    public let socketDirectory: String
    private let binaries: String
    private let directory: TemporaryDirectory
    private let process = Mutex<ChildProcess?>(nil)
    private let databases = Atomic<Int>(0)

    /// The superuser, who needs no password.
    public static let user = "postgres"

    private static let sharedServer = Mutex<Task<PostgresServer, any Error>?>(nil)

    private init(binaries: String, directory: TemporaryDirectory, port: Int) {
        self.binaries = binaries
        self.directory = directory
        self.port = port
        socketDirectory = directory.path
    }

    /// The one server all tests of this process share; started by the first call.
    ///
    /// A test that stops or restarts its server takes one of its own from ``start()``.
    public static func shared() async throws -> PostgresServer {
        let task = sharedServer.withLock { server in
            let task = server ?? Task { try await start() }
            server = task
            return task
        }
        return try await task.value
    }

    /// Starts a server for one test.
    public static func start() async throws -> PostgresServer {
        let server = try await make()
        try await server.start()
        return server
    }

    /// Prepares a server that does not run yet.
    public static func make() async throws -> PostgresServer {
        let binaries = try PostgresBinaries.directory()
        let directory = try TemporaryDirectory(prefix: "postgres")
        try PostgresBinaries.giveToServerUser(directory.path)
        let server = PostgresServer(binaries: binaries, directory: directory, port: try FreePort.next())
        try await ChildProcess.check(
            "\(binaries)/initdb",
            [
                "--pgdata", server.dataDirectory, "--username", user, "--auth", "trust", "--encoding", "UTF8",
                "--locale", "C.UTF-8", "--no-sync",
            ],
            user: PostgresBinaries.serverUser,
            directory: directory.path
        )
        return server
    }

    /// Lets a server that does not run yet speak TLS; returns the path of the certificate that vouches for it.
    public func enableTLS() async throws -> String {
        let certificate = "\(dataDirectory)/server.crt"
        try await ChildProcess.check(
            "openssl",
            [
                "req", "-new", "-x509", "-days", "1", "-nodes", "-subj", "/CN=localhost", "-keyout",
                "\(dataDirectory)/server.key", "-out", certificate,
            ],
            user: PostgresBinaries.serverUser,
            directory: directory.path
        )
        guard let settings = FileHandle(forWritingAtPath: "\(dataDirectory)/postgresql.conf") else {
            throw TestSupportError("the server has no settings")
        }
        defer { try? settings.close() }
        try settings.seekToEnd()
        try settings.write(contentsOf: Data("ssl = on\n".utf8))
        return certificate
    }

    /// Starts the server again after ``stop()``, on the same port with the same data, and returns when it takes
    /// connections.
    public func start() async throws {
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=\(socketDirectory)", "fsync=off",
            "full_page_writes=off", "max_connections=1000", "shared_buffers=64MB",
        ]
        // SIGINT asks for a fast shutdown, which leaves no shared memory behind as SIGKILL would.
        let child = try await ChildProcess.start(
            "setpriv",
            ["--pdeathsig", "INT", "--", "\(binaries)/postgres", "-D", dataDirectory]
                + settings.flatMap { ["-c", $0] },
            user: PostgresBinaries.serverUser,
            directory: directory.path,
            logPath: logPath
        )
        process.withLock { $0 = child }
        PostgresExit.stopAtExit(child.processID)
        while !isReady {
            guard child.isRunning else { throw TestSupportError("PostgreSQL ended at its start: \(log)") }
            // The server tells nobody but its pid file that it is ready.
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Shuts the server down: connections are ended, transactions rolled back.
    public func stop() async throws {
        await end(with: SIGINT)
    }

    /// Ends the server as a crash would; ``start()`` recovers it.
    public func crash() async throws {
        await end(with: SIGQUIT)
    }

    public func restart() async throws {
        try await stop()
        try await start()
    }

    /// Makes an empty database, or a copy of `template`, that is no other test's.
    public func makeDatabase(template: TestDatabase? = nil) async throws -> TestDatabase {
        let name = "test_\(databases.add(1, ordering: .relaxed).newValue)"
        let source = template.map { " TEMPLATE \($0.name)" } ?? ""
        try await query("CREATE DATABASE \(name)\(source)")
        return TestDatabase(server: self, name: name)
    }

    /// Runs SQL with `psql` and returns its unadorned output: a line a row, columns parted by `|`.
    ///
    /// - Parameter port: a proxy's; the server's own if `nil`.
    @discardableResult
    public func query(_ sql: String, database: String = "postgres", port: Int? = nil) async throws -> String {
        let output = try await ChildProcess.check(
            "\(binaries)/psql",
            [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--dbname",
                connectionString(database: database, port: port), "--command", sql,
            ]
        )
        return output.trimmingCharacters(in: .newlines)
    }

    /// A connection string over TCP.
    ///
    /// - Parameter port: a proxy's; the server's own if `nil`.
    public func connectionString(database: String, port: Int? = nil) -> String {
        "postgresql://\(Self.user)@127.0.0.1:\(port ?? self.port)/\(database)"
    }

    /// A connection string over the unix socket.
    public func socketConnectionString(database: String) -> String {
        "host=\(socketDirectory) port=\(port) user=\(Self.user) dbname=\(database)"
    }

    /// What the server has logged.
    public var log: String {
        (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
    }

    private var dataDirectory: String { directory.file("data") }

    private var logPath: String { directory.file("log") }

    /// The eighth line of `postmaster.pid` (`src/include/utils/pidfile.h`).
    private var isReady: Bool {
        let text = try? String(contentsOfFile: "\(dataDirectory)/postmaster.pid", encoding: .utf8)
        let lines = text?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        return lines.count > 7 && lines[7].trimmingCharacters(in: .whitespaces) == "ready"
    }

    private func end(with signal: Int32) async {
        let child = process.withLock { $0.take() }
        guard let child else { return }
        await child.stop(signal: signal)
        PostgresExit.forget(child.processID)
    }
}
