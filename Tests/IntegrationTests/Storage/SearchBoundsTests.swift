import ChatCore
import Logging
import TestSupport
import Testing

@testable import ChatStorage

/// Large texts, many texts, and texts nobody expects.
@Suite struct SearchBoundsTests {
    /// Of each 1 MiB, as large as a request may be.
    private static let largeTexts: [(name: String, text: String)] = [
        ("one word", String(repeating: "x", count: 1 << 20)),
        ("words", String(repeating: "needle and hay ", count: 70_000)),
        ("numbers", (0..<150_000).map { String($0) }.joined(separator: " ")),
        ("hyphens", (0..<150_000).map { "\($0)" }.joined(separator: "-")),
        ("URLs", (0..<40_000).map { "http://a\($0).example/b\($0)" }.joined(separator: " ")),
        ("no spaces", String(repeating: "静かな夜", count: 87_000)),
        ("rare characters", (0..<40_000).map { Self.rareWord($0) }.joined(separator: " ")),
        ("punctuation", String(repeating: "<>/'\\\":&|!()*", count: 80_000)),
        ("tags", String(repeating: "<a ", count: 349_000)),
    ]

    /// Long in bytes, short in characters, and unlike its neighbours: a document overflows by such words.
    private static func rareWord(_ number: Int) -> String {
        String(
            String.UnicodeScalarView(
                [7, 11, 13, 17, 19, 23].compactMap { Unicode.Scalar(UInt32(0x20000 + number * $0 % 20_000)) }
            )
        ) + "-"
    }

    @Test(arguments: largeTexts.indices)
    func aLargeMessageIsWrittenWhateverItHolds(index: Int) async throws {
        let text = Self.largeTexts[index].text
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let message = "needle \(text)"
            let begun = try await storage.say(
                message,
                answer: [.code(message, language: nil), .text(message)],
                in: session
            )
            #expect(Set(try await storage.found("needle", in: session)) == [begun.userMessage.id, begun.response.id])
            #expect(try await storage.foundSessions("needle") == [session])
            let page = try #require(
                try await storage.search.searchMessages(of: session, storage.query("needle"))
            )
            #expect(page.results.allSatisfy { $0.snippet.contains("«needle»") && $0.snippet.utf8.count < 10_000 })
        }
    }

    @Test func theBeginningOfALongTextIsSearched() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let padding = String(repeating: "hay ", count: 30_000)
            let begun = try await storage.say("\(padding) needle \(padding) pin", in: session)
            let result = try await storage.onlyResult("needle", in: session)
            #expect(result.messageID == begun.userMessage.id)
            // Shown from where it stands, far from the beginning.
            #expect(result.snippet.contains("«needle»"))
            #expect(try await storage.found("pin", in: session).isEmpty)
        }
    }

    @Test func aLargeTitleIsWritten() async throws {
        try await withStorage { storage in
            let large = "hedgehog " + String(repeating: "静かな-夜 ", count: 60_000)
            let session = try await storage.makeSession(
                metadata: ["title": .string(large), "tags": .array(Array(repeating: .string("tag"), count: 10_000))]
            )
            #expect(try await storage.foundSessions("hedgehog tag") == [session])
            #expect(try await storage.foundSessions("静かな") == [session])
        }
    }

    @Test(arguments: [
        "'", "\"", "\\", "%", "$1", "$$", "a:*", "a & b", "!a", "<->", "((", "\u{1}\u{2}\u{3}", "«»", "--", "/* x */",
        "'; DROP TABLE messages; --", "東京'", "東京\\", "東京$$", "東京 or \\", "東京 -' or %", "東京 -\"or\" -:*&|",
        "\u{202E}abc", "e\u{301}", "東\u{FFFF}",
    ])
    func noQueryIsAnError(text: String) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.say("abc é 東京", in: session)
            let query = try storage.query(text)
            #expect(try await storage.search.searchMessages(of: session, query) != nil)
            _ = try await storage.search.searchSessions(query)
        }
    }

    @Test(arguments: ["x", "🙂", "東", "東 ", "x or ", "-x ", "\"x y\" "])
    func theLongestQueryIsAnswered(part: String) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.say("x 東", in: session)
            let text = String(repeating: part, count: SearchText.maximumCharacters / part.unicodeScalars.count)
            #expect(try await storage.search.searchMessages(of: session, storage.query(text)) != nil)
            _ = try await storage.search.searchSessions(storage.query(text))
        }
    }

    @Test func theIndexesAreUsedBeforeThereAreStatistics() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.database.query(
                """
                INSERT INTO messages (client_id, session_id, message_id, role, content, variant_index, is_active,
                    state, author_id, session_type_id, created_at)
                SELECT 'alice', '\(session)', gen_random_uuid(), 'user',
                    jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'word 東京都' || number)),
                    number, false, 'complete', 'alice', '\(storage.type.id)',
                    now() + number * interval '1 microsecond'
                FROM generate_series(1, 5000) AS number
                """
            )
            func plan(_ text: String, in session: SessionID?) async throws -> String {
                var statements = SearchStatements(try storage.query(text), session: session)
                let statement = session == nil ? try statements.sessions() : try statements.messages()
                let rows = try await storage.client.execute(
                    Statement("EXPLAIN \(statement.sql)", statement.parameters, effect: .readOnly)
                )
                return try rows.map { try $0.text(0) }.joined(separator: "\n")
            }
            for session in [session, nil] {
                let words = try await plan("word", in: session)
                #expect(words.contains("Bitmap Index Scan on message_texts_words"), "\(words)")
                let substrings = try await plan("東京都", in: session)
                #expect(substrings.contains("Bitmap Index Scan on message_texts_unspaced"), "\(substrings)")
                let short = try await plan("東京 都", in: session)
                #expect(short.contains("Bitmap Index Scan on message_texts_pieces"), "\(short)")
                let both = try await plan("word or 東京都", in: session)
                #expect(both.contains("Bitmap Index Scan on message_texts_words"), "\(both)")
                #expect(both.contains("Bitmap Index Scan on message_texts_unspaced"), "\(both)")
                for plan in [words, substrings, short, both] {
                    #expect(!plan.contains("Seq Scan on message_texts") && !plan.contains("Seq Scan on messages"))
                }
            }
        }
    }

    @Test func theIndexesHoldTheOwner() async throws {
        try await withStorage { storage in
            let columns = try await storage.database.query(
                """
                SELECT string_agg(DISTINCT pg_get_indexdef(indexrelid, 1, true), ',') || count(*)
                FROM pg_index
                JOIN pg_class ON pg_class.oid = indexrelid
                JOIN pg_am ON pg_am.oid = relam
                WHERE amname = 'gin'
                """
            )
            #expect(columns == "client_id6")
        }
    }

    @Test func whatWasWrittenBeforeTheSearchIsFound() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withRunningClient(of: database) { client in
            let storage = StorageFixture(database: database, client: client, owner: try #require(ClientID("alice")))
            let before = SchemaMigration.all.filter { !$0.name.hasPrefix("search") }
            _ = try await SchemaMigrator(client: client, migrations: before).migrate()
            try await storage.sessionTypes.createSessionType(storage.type)
            _ = try await storage.leases.renewLease(of: storage.node, seconds: 60)
            let session = try await storage.makeSession(metadata: ["title": "badger"])
            let begun = try await storage.say("hedgehog", in: session)
            let running = try await storage.begin(storage.exchange(in: session, text: "otter"))
            _ = try await SchemaMigrator(client: client).migrate()
            #expect(try await storage.found("hedgehog", in: session) == [begun.userMessage.id])
            #expect(try await storage.foundSessions("badger") == [session])
            #expect(try await storage.found("otter", in: session) == [running.userMessage.id])
            try await storage.finish(running.response.id, content: [.text("otter")])
            #expect(try await storage.found("otter", in: session).count == 2)
        }
    }

    @Test func whatWasWrittenBeforePartsWereIndexedIsFoundByThem() async throws {
        let database = try await PostgresServer.shared().makeDatabase()
        try await withRunningClient(of: database) { client in
            let storage = StorageFixture(database: database, client: client, owner: try #require(ClientID("alice")))
            let before = SchemaMigration.all.filter { $0.name != "search_parts" }
            _ = try await SchemaMigrator(client: client, migrations: before).migrate()
            try await storage.sessionTypes.createSessionType(storage.type)
            _ = try await storage.leases.renewLease(of: storage.node, seconds: 60)
            let session = try await storage.makeSession(metadata: ["title": "notes.txt"])
            let code = ContentPart.code("open(\"badger.c\")", language: "c")
            let begun = try await storage.say("see file.txt, running", answer: [code], in: session)
            let chinese = try await storage.say("使用PostgreSQL数据库", in: session).userMessage.id
            #expect(try await storage.found("file", in: session).isEmpty)
            #expect(try await storage.found("postgresql", in: session).isEmpty)
            _ = try await SchemaMigrator(client: client).migrate()
            #expect(try await storage.found("file run", in: session) == [begun.userMessage.id])
            #expect(try await storage.found("file.txt", in: session) == [begun.userMessage.id])
            #expect(try await storage.found("badger", in: session) == [begun.response.id])
            #expect(try await storage.found("postgresql", in: session) == [chinese])
            #expect(try await storage.foundSessions("notes") == [session])
        }
    }

    @Test func whoeverOwnsTheDatabaseCanMigrateIt() async throws {
        let server = try await PostgresServer.start()
        try await server.query("CREATE ROLE owner LOGIN")
        try await server.query("CREATE DATABASE owned OWNER owner")
        let configuration = PostgresConfiguration(
            connectionString: "postgresql://owner@127.0.0.1:\(server.port)/owned",
            poolSize: 1
        )
        let client = PostgresClient(configuration: configuration, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            let applied = try await SchemaMigrator(client: client).migrate()
            #expect(applied == SchemaMigration.all.map(\.fileName))
            group.cancelAll()
        }
        try await server.stop()
    }
}
