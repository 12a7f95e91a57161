import ChatCore
import Foundation
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct PostgresQueryTests {
    @Test func valuesOfEveryTypeComeBackAsTheyWent() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let uuid = UUID()
        let time = Timestamp(microsecondsSince1970: 1_770_287_400_123_456)
        let parameters: [PostgresValue] = [
            .text("h\u{e9}llo \u{1F600}"), .uuid(uuid), .integer(.min), .int32(-7), .boolean(true),
            .bytes([0, 255, 7]), .timestamp(time), .json(#"{"a": [1, "\u00e4\n", null]}"#),
            .textArray(["a", "", "{\"}"]), .uuidArray([uuid]), .integerArray([]), .integerArray([1, .max]), .text(""),
        ]
        let row = try await withPostgresClient(of: database.connectionString) { client in
            let columns = (1...parameters.count).map { "$\($0)" }.joined(separator: ", ")
            return try #require(try await client.execute(Statement("SELECT \(columns)", parameters)).first)
        }
        #expect(try row.text(0) == "h\u{e9}llo \u{1F600}")
        #expect(try row.uuid(1) == uuid)
        #expect(try row.integer(2) == .min)
        #expect(try row.integer(3) == -7)
        #expect(try row.boolean(4))
        #expect(try row.bytes(5) == [0, 255, 7])
        #expect(try row.timestamp(6) == time)
        #expect(try row.json(7) == "{\"a\": [1, \"\u{e4}\\n\", null]}")
        #expect(try row.textArray(8) == ["a", "", "{\"}"])
        #expect(try row.uuidArray(9) == [uuid])
        #expect(try row.integerArray(10).isEmpty)
        #expect(try row.integerArray(11) == [1, .max])
        #expect(try row.text(12).isEmpty)
    }

    @Test func nullIsOnlyAnOptionalValue() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let row = try await withPostgresClient(of: database.connectionString) { client in
            let statement = Statement("SELECT $1::text, $2::uuid, NULL::jsonb, 1.5::float8, 2::int2", [.null, .null])
            return try #require(try await client.execute(statement).first)
        }
        #expect(try row.optionalText(0) == nil)
        #expect(try row.optionalUUID(1) == nil)
        #expect(try row.optionalJSON(2) == nil)
        #expect(try row.isNull(2))
        #expect(try row.double(3) == 1.5)
        #expect(try row.integer(4) == 2)
        #expect(throws: PostgresError.self) { try row.text(0) }
        #expect(throws: PostgresError.self) { try row.text(4) }
        #expect(throws: PostgresError.self) { try row.optionalText(5) }
        #expect(throws: PostgresError.self) { try row.optionalText(-1) }
    }

    @Test func aLabelOfAnEnumerationIsText() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TYPE colour AS ENUM ('red', 'green')")
        let row = try await withPostgresClient(of: database.connectionString) { client in
            try #require(try await client.execute(Statement("SELECT $1::text::colour", [.text("green")])).first)
        }
        #expect(try row.text(0) == "green")
    }

    @Test func largeResultsAndParametersPass() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        // On a busy machine the text takes its time; how long is not what is tested here.
        try await withPostgresClient(
            of: database.socketConnectionString,
            poolSize: 1,
            statementTimeoutMilliseconds: 0
        ) { client in
            let rows = try await client.execute(
                Statement("SELECT i, repeat('x', 100) FROM generate_series(1, $1::int8) AS i", [.integer(50_000)])
            )
            #expect(rows.count == 50_000)
            #expect(try rows.reduce(0) { $0 + (try $1.integer(0)) } == 50_000 * 50_001 / 2)
            let text = String(repeating: "0123456789abcdef", count: 1 << 20)
            let echoes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await client.execute(Statement("SELECT $1", [.text(text)]))[0].text(0) == text }
                }
                return try await group.reduce(true) { $0 && $1 }
            }
            #expect(echoes)
        }
    }

    @Test func concurrentQueriesEachGetTheirOwnAnswer() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        let numbers = try await withPostgresClient(of: database.connectionString) { client in
            try await withThrowingTaskGroup(of: (Int64, Int64).self) { group in
                for number in 0..<Int64(200) {
                    group.addTask {
                        let statement = Statement("SELECT $1::int8 * 2 -- \(number % 7)", [.integer(number)])
                        return (number, try await client.execute(statement)[0].integer(0))
                    }
                }
                return try await group.reduce(into: [Int64: Int64]()) { $0[$1.0] = $1.1 }
            }
        }
        #expect(numbers.count == 200)
        #expect(numbers.allSatisfy { $0.value == 2 * $0.key })
    }

    @Test func theServersErrorsAreNamedAndLeaveTheConnectionUsable() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8 CONSTRAINT item_is_positive CHECK (id > 0))")
        try await withPostgresClient(of: database.connectionString, poolSize: 1) { client in
            let insert = Statement("INSERT INTO item VALUES ($1)", [.integer(-1)])
            let error = await #expect(throws: PostgresError.self) { try await client.execute(insert) }
            #expect(error?.code == .server(sqlState: "23514"))
            #expect(error?.constraint == "item_is_positive")
            #expect(error?.description.contains("-1") == false)
            for sql in ["SELEC", "SELECT 1; SELECT 2"] {
                await expectPostgresError(.server(sqlState: "42601")) { try await client.execute(Statement(sql)) }
            }
            let nul = Statement("SELECT $1", [.text("a\0b")])
            await expectPostgresError(.server(sqlState: "22021")) { try await client.execute(nul) }
            let inserted = try await client.execute(Statement("INSERT INTO item VALUES ($1), ($1)", [.integer(1)]))
            #expect(inserted.affectedRows == 2)
        }
    }

    @Test func aStatementBeyondTheTimeoutIsEnded() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withPostgresClient(
            of: database.connectionString,
            poolSize: 1,
            statementTimeoutMilliseconds: 50
        ) { client in
            let sleep = Statement("SELECT pg_sleep(60)")
            await expectPostgresError(.timedOut) { try await client.execute(sleep) }
            await expectInteger(1) { try await client.execute(Statement("SELECT 1::int8")) }
        }
    }

    @Test func preparedStatementsTheServerNoLongerHasAreMadeAnew() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await database.query("CREATE TABLE item (id int8); INSERT INTO item VALUES (1)")
        try await withPostgresClient(of: database.connectionString, poolSize: 1) { client in
            let select = Statement("SELECT * FROM item")
            await expectInteger(1) { try await client.execute(select) }
            try await database.query("ALTER TABLE item ADD COLUMN name text DEFAULT 'new'")
            #expect(try await client.execute(select)[0].text(1) == "new")
            _ = try await client.execute(Statement("DEALLOCATE ALL"))
            await expectInteger(1) { try await client.execute(select) }
            let other = Statement("SELECT id FROM item")
            for _ in 0..<2 {
                let results = try await client.transaction([select, other])
                #expect(try results.map { try $0[0].integer(0) } == [1, 1])
                _ = try await client.execute(Statement("DEALLOCATE ALL"))
            }
        }
    }

    @Test func moreStatementsThanAreKeptPreparedStillWork() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withPostgresClient(of: database.connectionString, poolSize: 1) { client in
            for round in 0..<2 {
                for number in 0..<Int64(300) {
                    let answer = try await client.execute(Statement("SELECT \(number)::int8"))
                    #expect(try answer[0].integer(0) == number, "round \(round)")
                }
            }
            let kept = try await client.execute(Statement("SELECT count(*) FROM pg_prepared_statements"))
            #expect(try kept[0].integer(0) == 256)
        }
    }
}
