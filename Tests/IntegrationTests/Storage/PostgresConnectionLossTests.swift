import TestSupport
import Testing

@testable import ChatStorage

@Suite struct PostgresConnectionLossTests {
    private static let lock = Statement("SELECT pg_advisory_xact_lock(1)", effect: .mayWrite)

    @Test func aConnectionEndedWhileIdleIsReplacedUnnoticed() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withPostgresClient(of: database.connectionString, poolSize: 1) { client in
            let process = Statement("SELECT pg_backend_pid()")
            let first = try await client.execute(process)[0].integer(0)
            try await database.terminateSessions(where: "pid = \(first)")
            #expect(try await client.execute(process)[0].integer(0) != first)
        }
    }

    @Test func whatWasEndedBeforeItsCommitIsLost() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withPostgresClient(of: database.connectionString, poolSize: 3) { client in
            try await client.withTransaction { holder in
                _ = try await holder.execute(Self.lock)
                async let implicit = postgresErrorCode { try await client.execute(Self.lock) }
                async let pipeline = postgresErrorCode {
                    try await client.transaction([Self.lock, Statement("SELECT 1")])
                }
                try await database.untilBlocked(2)
                try await database.terminateSessions(where: "wait_event_type = 'Lock'")
                #expect(await implicit == .connectionLost)
                #expect(await pipeline == .connectionLost)
            }
            await expectInteger(1) { try await client.execute(Statement("SELECT 1::int8")) }
        }
    }

    @Test func whatWasEndedInItsCommitIsInDoubt() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query(
            """
            CREATE TABLE item (id int8);
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
            CREATE CONSTRAINT TRIGGER wait_at_commit AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION wait();
            """
        )
        let insert = Statement("INSERT INTO item VALUES (1)")
        try await withPostgresClient(of: database.connectionString, poolSize: 4) { client in
            try await client.withTransaction { holder in
                _ = try await holder.execute(Self.lock)
                async let implicit = postgresErrorCode { try await client.execute(insert) }
                async let pipeline = postgresErrorCode { try await client.transaction([insert]) }
                async let interactive = postgresErrorCode {
                    try await client.withTransaction { _ = try await $0.execute(insert) }
                }
                try await database.untilBlocked(3)
                try await database.terminateSessions(where: "wait_event_type = 'Lock'")
                #expect(await implicit == .outcomeUnknown)
                #expect(await pipeline == .outcomeUnknown)
                #expect(await interactive == .outcomeUnknown)
            }
        }
    }

    @Test func aRestartUnderLoadLosesNothingThatWasAcknowledged() async throws {
        let server = try await PostgresServer.start()
        let database = try await server.makeDatabase()
        try await database.query("CREATE TABLE item (id int8 PRIMARY KEY)")
        let record = try await withPostgresClient(of: database.connectionString) { client in
            let load = InsertLoad(client: client)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 1...Int64(16) {
                    group.addTask { await load.insert(from: worker, step: 16) }
                }
                defer { load.end() }
                for _ in 0..<2 {
                    await load.untilProgress()
                    try await server.restart()
                }
                await load.untilProgress()
                try await server.crash()
                try await server.start()
                await load.untilProgress()
                load.end()
                try await group.waitForAll()
                return load.record
            }
        }
        let ids = try await database.query("SELECT id FROM item").split(separator: "\n")
        let stored = Set(ids.compactMap { Int64($0) })
        #expect(record.acknowledged.isSubset(of: stored))
        let codes = Set(record.failures.map(\.code))
        #expect(codes.isSubset(of: [.connectionLost, .outcomeUnknown, .notConnected]), "\(codes)")
        // Only what was in doubt may be stored without having been acknowledged.
        let doubtful = record.failures.count { $0.code == .outcomeUnknown }
        #expect(stored.count - record.acknowledged.count <= doubtful)
        try await server.stop()
    }
}
