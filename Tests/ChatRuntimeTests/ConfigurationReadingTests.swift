import ChatCore
import Foundation
import Testing

@testable import ChatRuntime

@Suite("Reading the configuration")
struct ConfigurationReadingTests {
    /// The least an executable starts with.
    static let environment = [
        "DATABASE_URL": "postgresql://chat:word@localhost/chat",
        "REDIS_URL": "redis://localhost:6379",
        "JWT_SECRET": "0123456789abcdef0123456789abcdef",
    ]

    private func problems(
        _ configuration: (some ReadableConfiguration).Type,
        arguments: [String] = [],
        environment changes: [String: String?] = [:]
    ) async throws -> [String] {
        var environment = Self.environment
        for (name, value) in changes { environment[name] = value }
        do {
            _ = try await configuration.read(arguments: arguments, environment: environment)
            return []
        } catch {
            return error.lines
        }
    }

    @Test("the defaults are the contract's")
    func defaults() async throws {
        let api = try await APIConfiguration.read(arguments: [], environment: Self.environment)
        #expect(api.listener.port == 8101)
        #expect(api.runtime.adminPort == 9101)
        #expect(api.runtime.host == "127.0.0.1")
        #expect(api.runtime.drainSeconds == 30)
        #expect(api.runtime.database.poolSize >= 4)
        #expect(api.runtime.nodeName.hasSuffix("-\(ProcessInfo.processInfo.processIdentifier)"))
        #expect(api.maximumBodyBytes == 1_048_576)
        #expect(api.listener.tokens.clientClaim == "client_id")
        #expect(api.listener.publicBaseURL == "http://127.0.0.1:8080")
        #expect(api.listener.allowedOrigins == .only(["http://127.0.0.1:8080"]))
        #expect(!api.runtime.webhookAllowPrivate)

        let gateway = try await GatewayConfiguration.read(arguments: [], environment: Self.environment)
        #expect(gateway.listener.port == 8201)
        #expect(gateway.runtime.adminPort == 9201)
        #expect(gateway.connections.maximumConnections == 20_000)
        #expect(gateway.connections.pingIntervalSeconds == 30)
        #expect(gateway.maximumConcurrentStreams == 16)
        #expect(gateway.migrationPhase == 5)

        let bus = try await BusConfiguration.read(arguments: [], environment: Self.environment)
        #expect(bus.runtime.adminPort == 9301)
    }

    @Test("flags win over the environment, the environment over the file, the file over the defaults")
    func precedence() async throws {
        try await TemporaryDirectory.with { directory in
            let path = try directory.write(
                "settings.yaml",
                "PORT: 1001\nADMIN_PORT: 1002\nDRAIN_SECONDS: 7\nALLOWED_ORIGINS:\n  - https://a.example\n"
            )
            let environment = Self.environment.merging(["PORT": "2001", "ADMIN_PORT": "2002"]) { _, new in new }
            let api = try await APIConfiguration.read(
                arguments: ["--port", "3001", "--config=\(path)"],
                environment: environment
            )
            #expect(api.listener.port == 3001)
            #expect(api.runtime.adminPort == 2002)
            #expect(api.runtime.drainSeconds == 7)
            #expect(api.listener.allowedOrigins == .only(["https://a.example"]))
            #expect(api.maximumBodyBytes == 1_048_576)
        }
    }

    @Test("a JSON file holds the same keys")
    func jsonFile() async throws {
        try await TemporaryDirectory.with { directory in
            let path = try directory.write(
                "settings.json",
                #"{"DATABASE_URL": "host=db password=x", "REDIS_URL": "rediss://r", "PORT": 4001, "#
                    + #""JWT_SECRET": "0123456789abcdef0123456789abcdef", "WEBHOOK_ALLOW_PRIVATE": true, "#
                    + #""MAX_CONNECTIONS": 5}"#
            )
            let api = try await APIConfiguration.read(arguments: ["--config", path], environment: [:])
            #expect(api.runtime.database.url == "host=db password=x")
            #expect(api.listener.port == 4001)
            #expect(api.runtime.webhookAllowPrivate)
        }
    }

    @Test("an empty variable counts as not set")
    func emptyVariable() async throws {
        let environment = Self.environment.merging(["JWT_ISSUER": "", "PORT": ""]) { _, new in new }
        let api = try await APIConfiguration.read(arguments: [], environment: environment)
        #expect(api.listener.tokens.issuer == nil)
        #expect(api.listener.port == 8101)
    }

    @Test("every problem is named at once")
    func allProblems() async throws {
        let lines = try await problems(
            GatewayConfiguration.self,
            arguments: ["--prot", "1", "--port", "x", "--log-level", "loud", "--host"],
            environment: ["DATABASE_URL": nil, "REDIS_URL": "http://r", "MAX_CONNECTIONS": "0", "JWT_SECRET": "short"]
        )
        #expect(
            lines == [
                "--prot is no setting of chat-engine-gateway",
                "--host needs a value",
                "DATABASE_URL is missing: set it in the environment, with --database-url or in the file of --config",
                "REDIS_URL must be redis://…, rediss://… or unix://…",
                "LOG_LEVEL (from --log-level) must be one of trace, debug, info, notice, warning, error, critical",
                "PORT (from --port) must be a whole number from 0 to 65535",
                "JWT_SECRET is 5 bytes long: HS256 needs at least 32",
                "MAX_CONNECTIONS must be a whole number from 1 to 1000000",
            ]
        )
    }

    @Test("names in the file that are no settings are refused, those of other programs are not")
    func unknownNamesInFile() async throws {
        try await TemporaryDirectory.with { directory in
            let path = try directory.write("a.yml", "MAX_CONNECTIONS: 3\nDATABASE_ULR: x\nnested:\n  PORT: 1\n")
            let lines = try await problems(BusConfiguration.self, arguments: ["--config", path])
            #expect(lines == ["DATABASE_ULR in \(path) is no setting", "nested.PORT in \(path) is no setting"])
        }
    }

    @Test(
        "a file that cannot be used is one problem, and none of it is quoted",
        arguments: [("a.json", "{ secret"), ("a.yaml", "secret: [1"), ("a.json", "[\"secret\"]"), ("a.toml", "secret")]
    )
    func unusableFile(name: String, text: String) async throws {
        try await TemporaryDirectory.with { directory in
            let path = try directory.write(name, text)
            let lines = try await problems(BusConfiguration.self, arguments: ["--config", path])
            #expect(lines.count == 1)
            #expect(lines.first?.hasPrefix("--config \(path): ") == true)
            #expect(lines.first?.contains("secret") == false)
        }
    }

    @Test("a missing file is a problem")
    func missingFile() async throws {
        let lines = try await problems(BusConfiguration.self, arguments: ["--config", "/nowhere/a.json"])
        #expect(lines == ["--config /nowhere/a.json: there is no such file, or it cannot be read"])
    }

    @Test("a value of the wrong type in a file is a problem")
    func wrongTypeInFile() async throws {
        try await TemporaryDirectory.with { directory in
            let path = try directory.write("a.json", #"{"DRAIN_SECONDS": "soon", "HOST": 5}"#)
            let lines = try await problems(BusConfiguration.self, arguments: ["--config", path])
            #expect(
                lines == [
                    "HOST (from the file) must be text",
                    "DRAIN_SECONDS (from the file) must be a whole number from 0 to 3600",
                ]
            )
        }
    }

    @Test("flags given twice, stray words and flags of other programs are problems")
    func badCommandLine() async throws {
        let lines = try await problems(
            BusConfiguration.self,
            arguments: ["word", "--host", "a", "--host=b", "--port", "1"]
        )
        #expect(
            lines == [
                "unexpected argument 'word'", "--host is given twice", "--port is no setting of chat-engine-bus",
            ]
        )
    }

    @Test(
        "contradictions are problems",
        arguments: [
            (["PORT": "9201"], "PORT and ADMIN_PORT are both 9201: they must differ"),
            (
                ["PONG_TIMEOUT_SECONDS": "30"],
                "PONG_TIMEOUT_SECONDS (30) must be more than PING_INTERVAL_SECONDS (30)"
            ),
            (["JWT_SECRET_FILE": "/x"], "JWT_SECRET and JWT_SECRET_FILE contradict each other: set one of them"),
            (["PUBLIC_BASE_URL": "ftp://x"], "PUBLIC_BASE_URL must be an http(s) URL without user, query or fragment"),
            (
                ["ALLOWED_ORIGINS": "https://a.example/path"],
                "ALLOWED_ORIGINS must hold origins like https://chat.example.com, or * alone"
            ),
            (["DATABASE_URL": "mysql://x"], "DATABASE_URL must be postgresql://… or a libpq connection string"),
        ]
    )
    func contradictions(changes: [String: String], problem: String) async throws {
        let lines = try await problems(GatewayConfiguration.self, environment: changes.mapValues { $0 })
        #expect(lines.contains(problem))
    }

    @Test("port 0 may be asked for twice")
    func anyPort() async throws {
        let lines = try await problems(APIConfiguration.self, environment: ["PORT": "0", "ADMIN_PORT": "0"])
        #expect(lines.isEmpty)
    }

    @Test("the key may stand in a file, a line end after it does not count")
    func secretFile() async throws {
        try await TemporaryDirectory.with { directory in
            let path = try directory.write("key", "0123456789abcdef0123456789abcdef\n")
            let environment = ["JWT_SECRET_FILE": path]
            let tokens = try await TokenConfiguration.read(arguments: [], environment: environment)
            #expect(tokens.secret == Secret("0123456789abcdef0123456789abcdef"))
        }
        let missing = try await problems(
            TokenConfiguration.self,
            environment: ["JWT_SECRET": nil, "JWT_SECRET_FILE": "/nowhere/key"]
        )
        #expect(missing == ["JWT_SECRET_FILE cannot be read as text: /nowhere/key"])
        let none = try await problems(TokenConfiguration.self, environment: ["JWT_SECRET": nil])
        #expect(none == ["JWT_SECRET is missing: set it or JWT_SECRET_FILE"])
    }

    @Test("origins are compared without regard to case; a star allows any")
    func origins() async throws {
        let list = "https://A.example, http://localhost:3000"
        let environment = Self.environment.merging(["ALLOWED_ORIGINS": list]) { _, new in new }
        let some = try await APIConfiguration.read(arguments: [], environment: environment)
        #expect(some.listener.allowedOrigins.allows("https://a.example"))
        #expect(some.listener.allowedOrigins.allows("http://localhost:3000"))
        #expect(!some.listener.allowedOrigins.allows("http://localhost"))
        let any = try await APIConfiguration.read(arguments: ["--allowed-origins", "*"], environment: Self.environment)
        #expect(any.listener.allowedOrigins.allows("null"))
    }
}
