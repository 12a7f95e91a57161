import NIOCore
import TestSupport
import Testing

@testable import FaultHarness

/// What the proxy does to connections of real clients to a real server.
@Suite(.timeLimit(.minutes(2)))
struct FaultProxyTests {
    private func withProxy(_ body: (FaultProxy, TestDatabase) async throws -> Void) async throws {
        let proxy = try await FaultProxy.start()
        let database = try await PostgresServer.shared().makeDatabase()
        proxy.aim(at: database.server.port)
        try await body(proxy, database)
        try await proxy.stop()
    }

    private func query(_ sql: String, through proxy: FaultProxy, _ database: TestDatabase) async -> String {
        do {
            return try await database.server.query(sql, database: database.name, port: proxy.port)
        } catch {
            return "failed"
        }
    }

    @Test("What is sent comes through, at once or later", arguments: [FaultProxy.Mode.open, .delay(milliseconds: 20)])
    func comesThrough(mode: FaultProxy.Mode) async throws {
        try await withProxy { proxy, database in
            proxy.set(mode)
            let answer = await query("SELECT repeat('x', 300000)", through: proxy, database)
            #expect(answer.count == 300_000)
        }
    }

    @Test func nobodyIsTakenWhileItRefuses() async throws {
        try await withProxy { proxy, database in
            proxy.set(.refuse)
            #expect(await query("SELECT 1", through: proxy, database) == "failed")
            proxy.set(.open)
            #expect(await query("SELECT 1", through: proxy, database) == "1")
        }
    }

    @Test func whatWasSentIntoTheBlackHoleComesLater() async throws {
        try await withProxy { proxy, database in
            proxy.set(.blackHole)
            async let answer = query("SELECT 1", through: proxy, database)
            try await eventually("the client is connected") { proxy.connectionCount == 1 ? true : nil }
            proxy.set(.open)
            #expect(await answer == "1")
        }
    }

    @Test func connectionsAreCut() async throws {
        try await withProxy { proxy, database in
            async let answer = query("SELECT pg_sleep(60)", through: proxy, database)
            try await eventually("the query runs") {
                let sql = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
                return try await database.query(sql) == "1" ? true : nil
            }
            proxy.reset()
            #expect(await answer == "failed")
        }
    }

    @Test func theReplyToACommitIsLostAndTheCommitIsNot() async throws {
        try await withProxy { proxy, database in
            try await database.query("CREATE TABLE written (value integer)")
            proxy.set(.loseReplies(every: 1, onlyCommits: true))
            let sql = "BEGIN; INSERT INTO written VALUES (1); COMMIT"
            #expect(await query(sql, through: proxy, database) == "failed")
            #expect(try await database.query("SELECT value FROM written") == "1")
            #expect(proxy.takeRepliesLost() == 1)
        }
    }

    @Test func repliesAreToldApart() {
        let commit = ByteBuffer(string: "C\0\0\0\u{b}COMMIT\0Z")
        let select = ByteBuffer(string: "C\0\0\0\u{d}SELECT 1\0Z")
        #expect(CommandTags.complete(in: commit, onlyCommits: true))
        #expect(!CommandTags.complete(in: select, onlyCommits: true))
        #expect(CommandTags.complete(in: select, onlyCommits: false))
        #expect(!CommandTags.complete(in: ByteBuffer(string: "T row"), onlyCommits: false))
    }
}
