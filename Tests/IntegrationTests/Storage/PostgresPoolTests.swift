import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct PostgresPoolTests {
    private static let one = Statement("SELECT 1::int8")

    @Test func theQueueHasALimit() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withPostgresClient(
            of: database.connectionString,
            poolSize: 1,
            maximumWaitingOperations: 3
        ) { client in
            let (refusals, refused) = AsyncStream.makeStream(of: PostgresError.Code.self)
            let served = try await withThrowingTaskGroup(of: Bool.self) { group in
                try await client.withTransaction { transaction in
                    _ = try await transaction.execute(Self.one)
                    for _ in 0..<10 {
                        group.addTask {
                            do throws(PostgresError) {
                                _ = try await client.execute(Self.one)
                                return true
                            } catch {
                                refused.yield(error.code)
                                return false
                            }
                        }
                    }
                    for await code in refusals.prefix(7) { #expect(code == .poolFull) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(served == 3)
        }
    }

    @Test func waitingForAConnectionEnds() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withPostgresClient(of: database.connectionString, poolSize: 1, maximumWaitMilliseconds: 1000) {
            client in
            try await client.withTransaction { transaction in
                _ = try await transaction.execute(Self.one)
                await expectPostgresError(.poolTimeout) { try await client.execute(Self.one) }
            }
            await expectInteger(1) { try await client.execute(Self.one) }
        }
    }

    @Test func aServerThatComesLaterIsFound() async throws {
        let server = try await PostgresServer.make()
        let connectionString = server.connectionString(database: "postgres")
        let patient = PostgresClient(
            configuration: PostgresConfiguration(connectionString: connectionString, maximumWaitMilliseconds: 60_000),
            logger: Logger(label: "test")
        )
        try await withPostgresClient(of: connectionString, maximumWaitMilliseconds: 50) { client in
            await expectPostgresError(.notConnected) { try await client.execute(Self.one) }
            #expect(!client.isReachable)
            async let found = patient.execute(Self.one)
            try await server.start()
            #expect(try await found[0].integer(0) == 1)
            #expect(patient.isReachable)
            try await patient.ping()
        }
        try await server.stop()
    }

    @Test func graceFinishesWhatIsUnderWayAndRefusesWhatComes() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let client = PostgresClient(
            configuration: PostgresConfiguration(connectionString: database.connectionString, poolSize: 2),
            logger: Logger(label: "test")
        )
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let dependent = DependentService(started: started)
        let group = ServiceGroup(services: [client, dependent], logger: Logger(label: "test"))
        let (begins, begun) = AsyncStream.makeStream(of: Void.self)
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        async let running: Void = group.run()
        async let number = client.withTransaction { transaction in
            _ = try await transaction.execute(Self.one)
            begun.finish()
            for await _ in ends {}
            return try await transaction.execute(Statement("SELECT 2::int8"))[0].integer(0)
        }
        for await _ in starts {}
        for await _ in begins {}
        await group.triggerGracefulShutdown()
        while (try? await client.execute(Self.one)) != nil {}
        end.finish()
        #expect(try await number == 2)
        try await running
        #expect(
            try await database.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == "1"
        )
        #expect(!client.isReachable)
        await expectPostgresError(.shuttingDown) { try await client.execute(Self.one) }
    }

    @Test func aPasswordIsInNeitherErrorsNorLogs() async throws {
        let lines = LogLines()
        let logger = Logger(label: "test") { _ in lines }
        let secret = "a-secret-word"
        let bad = [
            "postgresql://user:\(secret)@127.0.0.1:1/none", "postgresql//user:\(secret)@127.0.0.1",
            "host=127.0.0.1 port=1 password=half \(secret)",
        ]
        for connectionString in bad {
            try await withPostgresClient(of: connectionString, maximumWaitMilliseconds: 50, logger: logger) { client in
                let error = await #expect(throws: PostgresError.self) { try await client.execute(Self.one) }
                #expect(error?.message.contains(secret) == false)
            }
        }
        #expect(lines.all.withLock { $0.count } >= bad.count)
        #expect(lines.all.withLock { lines in !lines.contains { $0.contains(secret) } })
    }

    @Test func queriesPassOverTLS() async throws {
        let server = try await PostgresServer.make()
        let certificate = try await server.enableTLS()
        try await server.start()
        let connectionString =
            server.connectionString(database: "postgres") + "?sslmode=verify-ca&sslrootcert=\(certificate)"
        try await withPostgresClient(of: connectionString, poolSize: 1) { client in
            let encrypted = Statement("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            let isEncrypted = try await client.execute(encrypted)[0].boolean(0)
            #expect(isEncrypted)
            let text = String(repeating: "0123456789abcdef", count: 1 << 16)
            let echoes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await client.execute(Statement("SELECT $1", [.text(text)]))[0].text(0) == text }
                }
                return try await group.reduce(true) { $0 && $1 }
            }
            #expect(echoes)
        }
        try await server.stop()
    }

    @Test func aServerWithoutTLSIsRefusedWhenTheConnectionStringAsksForIt() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let connectionString = database.connectionString + "?sslmode=require"
        try await withPostgresClient(of: connectionString, maximumWaitMilliseconds: 50) { client in
            await expectPostgresError(.notConnected) { try await client.execute(Self.one) }
        }
    }
}

/// Tells when the services before it were started.
private struct DependentService: Service {
    let started: AsyncStream<Void>.Continuation

    func run() async throws {
        started.finish()
        try await gracefulShutdown()
    }
}

private final class LogLines: LogHandler, Sendable {
    let all = Mutex<[String]>([])

    func log(event: LogEvent) {
        all.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
}
