import Foundation
import Synchronization

/// A private Redis: its own port and directory, nothing persisted, gone with the test process.
public final class RedisServer: Sendable {
    /// What a test may want beyond a plain server.
    public struct Options: Sendable {
        public var password: String?
        public var hasUnixSocket = false
        /// Certificates for a TLS port; none without.
        public var certificates: TestCertificates?

        public init() {}
    }

    private enum Running: Sendable {
        case stopped
        case running(ChildProcess)
    }

    public let port: Int
    /// Nil without ``Options/certificates``.
    public let tlsPort: Int?
    /// Nil without ``Options/hasUnixSocket``.
    public let unixSocketPath: String?
    private let options: Options
    private let directory: TemporaryDirectory
    private let running = Mutex(Running.stopped)

    private init(options: Options) throws {
        self.options = options
        self.directory = try TemporaryDirectory(prefix: "redis")
        self.port = try FreePort.next()
        self.tlsPort = options.certificates == nil ? nil : try FreePort.next()
        self.unixSocketPath = options.hasUnixSocket ? directory.file("redis.sock") : nil
    }

    /// Starts a server and returns when it takes commands.
    public static func start(_ options: Options = Options()) async throws -> RedisServer {
        let server = try RedisServer(options: options)
        try await server.start()
        return server
    }

    /// The plain server that tests share which only add channels of their own.
    public static func shared() async throws -> RedisServer {
        try await sharedServer.value
    }

    private static let sharedServer = Task { try await RedisServer.start() }

    /// The address, with the password.
    public var url: String { url(port: port) }

    /// The address of a proxy on loopback, with the password.
    public func url(port: Int) -> String {
        "redis://\(options.password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)/0"
    }

    /// Starts the server again, on the same port; nothing happens when it is running.
    public func start() async throws {
        if case .running = running.withLock({ $0 }) { return }
        let child = try await ChildProcess.start(
            "redis-server",
            arguments,
            directory: directory.path,
            logPath: directory.file("log")
        )
        running.withLock { $0 = .running(child) }
        try await waitUntilReady(child)
    }

    /// Ends the server at once, as a crash would.
    public func stop() async {
        let previous = running.withLock { state in
            defer { state = .stopped }
            return state
        }
        if case .running(let child) = previous { await child.stop(signal: SIGKILL) }
    }

    /// Freezes the server: connections stay open, nothing is answered.
    public func pause() {
        signal(SIGSTOP)
    }

    /// Undoes ``pause()``.
    public func resume() {
        signal(SIGCONT)
    }

    private func signal(_ number: Int32) {
        if case .running(let child) = running.withLock({ $0 }) { child.signal(number) }
    }

    /// Runs a command by `redis-cli` and returns what it prints.
    @discardableResult
    public func command(_ words: String...) async throws -> String {
        let password = options.password.map { ["REDISCLI_AUTH": $0] } ?? [:]
        let output = try await ChildProcess.check(
            "redis-cli",
            ["-p", String(port), "-e"] + words,
            environment: password
        )
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Drops all connections of a type: `normal` or `pubsub`.
    public func clientKill(type: String = "pubsub") async throws {
        try await command("CLIENT", "KILL", "TYPE", type)
    }

    private var arguments: [String] {
        var arguments = [
            "--port", String(port), "--bind", "127.0.0.1", "--dir", directory.path, "--save", "", "--appendonly", "no",
            "--daemonize", "no", "--tcp-backlog", "128",
        ]
        if let password = options.password { arguments += ["--requirepass", password] }
        if let unixSocketPath { arguments += ["--unixsocket", unixSocketPath] }
        if let tlsPort, let certificates = options.certificates {
            arguments += [
                "--tls-port", String(tlsPort), "--tls-cert-file", certificates.certificatePath,
                "--tls-key-file", certificates.keyPath, "--tls-ca-cert-file", certificates.authorityPath,
                "--tls-auth-clients", "optional",
            ]
        }
        return arguments
    }

    private func waitUntilReady(_ child: ChildProcess) async throws {
        let isReady = try await eventually("redis-server takes commands") {
            guard child.isRunning else { return false }
            return try await command("PING") == "PONG" ? true : nil
        }
        guard !isReady else { return }
        let log = (try? String(contentsOfFile: directory.file("log"), encoding: .utf8)) ?? ""
        throw TestSupportError("redis-server ended: \(log)")
    }
}
