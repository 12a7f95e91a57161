import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Pages of long elements: bounded by what they hold, and whole lists all the same.
@Suite struct PageBytesTests {
    /// 1 MB as JSON: one that compresses to almost nothing, and one that does not compress.
    private static let texts = [
        "repeat('x', 1000000)",
        "(SELECT string_agg(md5(number || '/' || part), '') FROM generate_series(1, 31250) AS part)",
    ]
    private static let count = 7

    /// A path of ``count`` messages of 1 MB each, or as many children of one short message.
    private func makeSession(
        of text: String,
        asChildren: Bool = false,
        in storage: StorageFixture
    ) async throws -> SessionID {
        let session = try await storage.makeSession()
        if asChildren { try await insert(0...0, text: "'root'", parent: "NULL", into: session, in: storage) }
        let parent = asChildren ? "md5('m0')::uuid" : "CASE WHEN number > 1 THEN md5('m' || (number - 1))::uuid END"
        try await insert(1...Self.count, text: text, parent: parent, isActive: !asChildren, into: session, in: storage)
        let leaf = asChildren ? 0 : Self.count
        try await storage.database.query(
            "UPDATE sessions SET active_leaf_message_id = md5('m\(leaf)')::uuid WHERE session_id = '\(session)'"
        )
        return session
    }

    private func insert(
        _ numbers: ClosedRange<Int>,
        text: String,
        parent: String,
        isActive: Bool = true,
        into session: SessionID,
        in storage: StorageFixture
    ) async throws {
        try await storage.database.query(
            """
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, is_active, state,
                author_id, session_type_id, created_at)
            SELECT 'alice', '\(session)', md5('m' || number)::uuid, \(parent), 'user',
                jsonb_build_array(jsonb_build_object('type', 'text', 'text', \(text))), \(isActive), 'complete', 'alice',
                '\(storage.type.id)', now() + number * interval '1 millisecond'
            FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS number
            """
        )
    }

    private func number(_ numbers: some Sequence<Int>, in storage: StorageFixture) async throws -> [MessageID] {
        let ids = numbers.map { "md5('m\($0)')::uuid" }.joined(separator: ", ")
        return try await storage.database.query("SELECT unnest(ARRAY[\(ids)])").split(separator: "\n")
            .compactMap { MessageID($0) }
    }

    private func pages(_ query: MessageQuery, in storage: StorageFixture) async throws -> [[MessageID]] {
        var query = query
        var pages: [[MessageID]] = []
        repeat {
            let page = try #require(try await storage.messages.messages(query))
            pages.append(page.elements.map(\.id))
            query.cursor = page.nextCursor
        } while query.cursor != nil
        return pages
    }

    @Test(arguments: texts)
    func messagesOfAPath(text: String) async throws {
        try await withStorage { storage in
            let session = try await makeSession(of: text, in: storage)
            let path = try await number(1...Self.count, in: storage)
            for isMeasured in [true, false] {
                // As they were written before messages were measured.
                if !isMeasured { try await storage.database.query("UPDATE messages SET json_bytes = NULL") }
                for kind in [MessageQuery.Path.active, .all] {
                    var query = MessageQuery(clientID: storage.owner, sessionID: session, path: kind, limit: 1000)
                    var pages = try await pages(query, in: storage)
                    #expect(pages.map(\.count) == [3, 3, 1])
                    #expect(pages.flatMap(\.self) == path)
                    query.isDescending = true
                    pages = try await self.pages(query, in: storage)
                    #expect(pages.map(\.count) == [3, 3, 1])
                    #expect(pages.flatMap(\.self) == path.reversed())
                    query.limit = 2
                    #expect(try await self.pages(query, in: storage).map(\.count) == [2, 2, 2, 1])
                }
            }
        }
    }

    @Test func messagesOfATranscript() async throws {
        try await withStorage { storage in
            let session = try await makeSession(of: Self.texts[0], in: storage)
            let repository = TranscriptRepository(client: storage.client)
            for scope in ExportScope.allCases {
                let transcript = try #require(
                    try await repository.transcript(of: session, client: storage.owner, scope: scope)
                )
                let page = try #require(try await repository.page(of: transcript, after: nil))
                #expect(page.messages.count == 1)
                #expect(page.next != nil)
            }
        }
    }

    @Test func variants() async throws {
        try await withStorage { storage in
            let session = try await makeSession(of: Self.texts[0], asChildren: true, in: storage)
            let children = try await number(1...Self.count, in: storage)
            _ = try await storage.tree.activate(children[5], of: storage.owner)
            var listed: [MessageID] = []
            var cursor: PageCursor?
            repeat {
                let page = try #require(
                    try await storage.tree.variants(
                        of: children[1],
                        client: storage.owner,
                        limit: 1000,
                        after: cursor
                    )
                )
                #expect((1...3).contains(page.variants.elements.count))
                #expect(page.variants.elements.allSatisfy { $0.totalVariants == Self.count })
                #expect(page.currentIndex == 5)
                listed += page.variants.elements.map(\.id)
                cursor = page.variants.nextCursor
            } while cursor != nil
            #expect(listed == children)
            var query = MessageQuery(clientID: storage.owner, sessionID: session, path: .all, limit: 1000)
            query.parentMessageID = try await number([0], in: storage).first
            #expect(
                try await pages(query, in: storage)
                    == [children[..<3], children[3..<6], children[6...]].map(Array.init)
            )
        }
    }

    @Test func variantsAreCountedToo() async throws {
        try await withStorage { storage in
            _ = try await makeSession(of: "'short'", asChildren: true, in: storage)
            let children = try await number(1...Self.count, in: storage)
            func page(after cursor: PageCursor?) async throws -> Page<Message>? {
                try await storage.tree.variants(of: children[0], client: storage.owner, limit: 6, after: cursor)?
                    .variants
            }
            let first = try #require(try await page(after: nil))
            #expect(first.elements.map(\.id) == Array(children[..<6]))
            let second = try #require(try await page(after: first.nextCursor))
            #expect(second.elements.map(\.id) == Array(children[6...]))
            #expect(second.nextCursor == nil)
            let behind = try #require(try await page(after: PageCursor(list: "variants:\(children[0])", keys: ["9"])))
            #expect(behind.elements.isEmpty && behind.nextCursor == nil)
            await #expect(throws: ChatError.self) {
                try await page(after: PageCursor(list: "variants:\(children[1])", keys: ["9"]))
            }
        }
    }

    /// What is shown of a running answer is in its lease, and its metadata come with the end.
    @Test func checkpointsAndMetadata() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            let large = String(repeating: "x", count: 1_000_000)
            var answers: [MessageID] = []
            for _ in 0..<5 {
                let begun = try await storage.begin(
                    storage.exchange(in: session, under: .message(root.response.id))
                )
                let checkpoint = StreamCheckpoint(
                    clientID: storage.owner,
                    messageID: begun.response.id,
                    nodeID: storage.node.id,
                    content: [.text(large)],
                    chunks: 1
                )
                #expect(try await storage.messages.checkpoint(checkpoint))
                answers.append(begun.response.id)
            }
            let query = MessageQuery(clientID: storage.owner, sessionID: session, path: .all, limit: 1000)
            let streaming = try await pages(query, in: storage)
            #expect(streaming.count == 2 && streaming[0].count == 8)
            for answer in answers {
                try await storage.finish(answer, content: [], metadata: ["note": .string(large)])
            }
            #expect(try await pages(query, in: storage) == streaming)
        }
    }

    @Test func messagesAreMeasuredHoweverTheyEnd() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let dead = NodeID.make()
            let orphan = try await storage.begin(storage.exchange(in: session, node: dead))
            _ = try await storage.leases.closeOrphan(orphan.response.id, client: storage.owner)
            _ = try await storage.begin(storage.exchange(in: session))
            let measured = try await storage.database.query(
                """
                SELECT state, count(*), bool_and(json_bytes IS NOT DISTINCT FROM CASE WHEN state <> 'streaming'
                    THEN message_bytes(content, file_urls, metadata) END)
                FROM messages GROUP BY state ORDER BY state
                """
            )
            #expect(measured == "complete|4|t\ninterrupted|1|t\nstreaming|1|t")
        }
    }

    @Test func sessions() async throws {
        try await withStorage { storage in
            let large = JSONValue.string(String(repeating: "x", count: 1_000_000))
            var ids: [SessionID] = []
            for _ in 0..<5 {
                ids.append(try await storage.makeSession(metadata: ["title": "hedgehog", "note": large]))
            }
            var listed: [SessionID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await storage.sessions.sessions(of: storage.owner, limit: 100, after: cursor)
                #expect((1...3).contains(page.elements.count))
                listed += page.elements.map(\.id)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(listed == ids.reversed())

            var query = try storage.query("hedgehog", limit: 100)
            var found: [SessionID] = []
            repeat {
                let page = try await storage.search.searchSessions(query)
                #expect((1...3).contains(page.results.count))
                #expect(page.total == 5)
                #expect(page.offset == found.count)
                found += page.results.map(\.sessionID)
                query.cursor = page.nextCursor
            } while query.cursor != nil
            #expect(found == ids.reversed())
        }
    }
}
