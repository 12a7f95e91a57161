import TestSupport
import Testing

@testable import ChatStorage

@Suite struct PostgresTransactionTests {
    private struct Refusal: Error {}

    private func withItems(
        poolSize: Int = 1,
        _ body: @Sendable (PostgresClient, TestDatabase) async throws -> Void
    ) async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8 PRIMARY KEY DEFERRABLE, name text)")
        try await withPostgresClient(of: database.connectionString, poolSize: poolSize) { try await body($0, database) }
    }

    private static func insert(_ id: Int64, _ name: String? = nil) -> Statement {
        Statement("INSERT INTO item (id, name) VALUES ($1, $2) RETURNING id", [.integer(id), .text(name)])
    }

    private static let countItems = Statement("SELECT count(*) FROM item")

    @Test func aTransactionIsCommittedAsAWhole() async throws {
        try await withItems { client, database in
            let results = try await client.transaction([Self.insert(1), Self.insert(2, "two"), Self.countItems])
            #expect(try results.map { try $0[0].integer(0) } == [1, 2, 2])
            #expect(try await database.query("SELECT count(*) FROM item") == "2")
            #expect(try await client.transaction([]).isEmpty)
        }
    }

    @Test func aFailureInTheMiddleLeavesNothingAndTheConnectionUsable() async throws {
        try await withItems { client, _ in
            for _ in 0..<2 {
                let code = await postgresErrorCode {
                    try await client.transaction([Self.insert(1), Self.insert(1), Self.insert(2)])
                }
                #expect(code == .server(sqlState: "23505"))
                await expectInteger(0) { try await client.execute(Self.countItems) }
            }
            _ = try await client.transaction([Self.insert(1)])
            await expectInteger(1) { try await client.execute(Self.countItems) }
        }
    }

    @Test func aFailureAtTheCommitIsThrown() async throws {
        try await withItems { client, _ in
            let deferred = Statement("SET CONSTRAINTS ALL DEFERRED")
            let code = await postgresErrorCode {
                try await client.transaction([deferred, Self.insert(1), Self.insert(1)])
            }
            #expect(code == .server(sqlState: "23505"))
            let interactive = await postgresErrorCode {
                try await client.withTransaction { transaction in
                    for statement in [deferred, Self.insert(1), Self.insert(1)] {
                        _ = try await transaction.execute(statement)
                    }
                }
            }
            #expect(interactive == .server(sqlState: "23505"))
            await expectInteger(0) { try await client.execute(Self.countItems) }
        }
    }

    @Test func anInteractiveTransactionCommitsWhatItsBodyDid() async throws {
        try await withItems { client, database in
            let sum = try await client.withTransaction { transaction in
                let first = try await transaction.execute(Self.insert(20))[0].integer(0)
                #expect(try await database.query("SELECT count(*) FROM item") == "0")
                return try await transaction.execute(Self.insert(first + 1))[0].integer(0)
            }
            #expect(sum == 21)
            #expect(try await database.query("SELECT count(*) FROM item") == "2")
            let untouched = try await client.withTransaction { _ in 7 }
            #expect(untouched == 7)
            await expectInteger(2) { try await client.execute(Self.countItems) }
        }
    }

    @Test func anInteractiveTransactionWhoseBodyThrowsIsRolledBack() async throws {
        try await withItems { client, _ in
            await #expect(throws: Refusal.self) {
                try await client.withTransaction { transaction in
                    _ = try await transaction.execute(Self.insert(1))
                    throw Refusal()
                }
            }
            await expectInteger(0) { try await client.execute(Self.countItems) }
        }
    }

    @Test func aFailureTheBodyIgnoresIsThrownByTheCommit() async throws {
        try await withItems { client, _ in
            let code = await postgresErrorCode {
                try await client.withTransaction { transaction in
                    _ = try await transaction.execute(Self.insert(1))
                    _ = try? await transaction.execute(Self.insert(1))
                }
            }
            #expect(code == .server(sqlState: "23505"))
            await expectInteger(0) { try await client.execute(Self.countItems) }
        }
    }

    @Test func aTransactionThatIsOverTakesNothing() async throws {
        try await withItems { client, _ in
            let transaction = try await client.withTransaction { $0 }
            await expectPostgresError(.protocolViolation) { try await transaction.execute(Self.insert(1)) }
        }
    }

    @Test func aScriptOfSeveralStatementsIsPartOfTheTransaction() async throws {
        try await withItems { client, _ in
            let script = "CREATE TABLE other (id int8); INSERT INTO other VALUES (1), (2); -- nothing more"
            let count = try await client.withTransaction { transaction in
                try await transaction.executeScript(script)
                try await transaction.executeScript("")
                return try await transaction.execute(Statement("SELECT count(*) FROM other"))[0].integer(0)
            }
            #expect(count == 2)
            let code = await postgresErrorCode {
                try await client.withTransaction { transaction in
                    try await transaction.executeScript("INSERT INTO other VALUES (3); SELECT 1 / 0; SELECT 1")
                }
            }
            #expect(code == .server(sqlState: "22012"))
            await expectInteger(2) { try await client.execute(Statement("SELECT count(*) FROM other")) }
        }
    }

    @Test func aSerializationFailureIsTriedOnceMore() async throws {
        try await withItems(poolSize: 2) { client, database in
            _ = try await client.execute(Self.insert(1, "new"))
            let add = Statement("UPDATE item SET name = name || $1 WHERE id = 1 RETURNING name", [.text("+")])
            let isolation = Statement("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            try await withThrowingTaskGroup(of: String.self) { group in
                try await client.withTransaction { transaction in
                    _ = try await transaction.execute(add)
                    // Its snapshot is older than the commit it waits for, so its first attempt has to fail.
                    group.addTask { try await client.transaction([isolation, add])[1][0].text(0) }
                    try await database.untilBlocked()
                }
                #expect(try await group.next() == "new++")
            }
        }
    }
}
