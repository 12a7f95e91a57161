import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct EventLogTests {
    @Test func eventsAreReadInOrderAfterANumber() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for _ in 0..<3 { try await storage.converse(in: session) }
            let all = try await storage.events.events(of: storage.owner, after: 0, limit: 100).events
            #expect(all.map(\.seq) == [1, 2, 3, 4, 5, 6])
            #expect(all.allSatisfy { $0.clientID == storage.owner && $0.kind == .messageCreated })
            #expect(try await storage.events.events(of: storage.owner, after: 2, limit: 3).events == Array(all[2...4]))
            #expect(try await storage.events.events(of: storage.owner, after: 6, limit: 3).events.isEmpty)
            let stranger = try #require(ClientID("mallory"))
            #expect(try await storage.events.events(of: stranger, after: 0, limit: 3).events.isEmpty)
            #expect(try await storage.events.lastSeqs(of: [storage.owner, stranger]) == [storage.owner: 6])
            #expect(try await storage.events.lastSeqs(of: []).isEmpty)
        }
    }

    @Test func aPageIsBoundedByNumberAndSaysWhetherItIsTheLast() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            for (limit, reachesEnd) in [(1, false), (2, true), (3, true)] {
                let page = try await storage.events.events(of: storage.owner, after: 0, limit: limit)
                #expect(page.events.map(\.seq) == Array(1...Int64(min(limit, 2))))
                #expect(page.reachesEnd == reachesEnd)
            }
            let none = try await storage.events.events(of: storage.owner, after: 2, limit: 1)
            #expect(none == EventPage(events: [], reachesEnd: true))
        }
    }

    @Test func aPageIsBoundedByBytes() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            // Repetitive text, which PostgreSQL stores in a few KiB: what counts is its length.
            let third = String(repeating: "long ", count: EventPage.maximumPayloadBytes / 15)
            for _ in 0..<4 { _ = try await storage.converse(in: session, text: third) }
            let more = String(repeating: "longer ", count: EventPage.maximumPayloadBytes / 7)
            _ = try await storage.begin(storage.exchange(in: session, text: more))
            // 1, 3, 5 and 7 are of a third of a page and a little more; 9 is longer than a page.
            var pages: [[Int64]] = []
            var position: Int64 = 0
            while true {
                let page = try await storage.events.events(of: storage.owner, after: position, limit: 500)
                pages.append(page.events.map(\.seq))
                #expect(page.reachesEnd == (page.events.last?.seq == 9))
                guard !page.reachesEnd, let last = page.events.last else { break }
                position = last.seq
            }
            #expect(pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9]])
            let lengths = try await storage.database.query(
                "SELECT bool_and(payload_bytes = octet_length(payload::text)) FROM events"
            )
            #expect(lengths == "t")
        }
    }

    /// The payload is written by the database, and has to be what the program would write.
    @Test func aPayloadIsTheMessageAsItIsRendered() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            var exchange = storage.exchange(in: session, under: .activeLeaf, text: "\"quoted\" \\ 🙂 \u{1}\n")
            exchange.fileURLs = ["https://files.example/ä.pdf"]
            exchange.content += [
                .code("let a = 1", language: nil), .image(url: "http://a.example/i", mimeType: "image/png"),
                .audio(url: "http://a.example/a", mimeType: nil, durationSeconds: JSONNumber(12.5)),
                .document(url: "http://a.example/d", mimeType: nil, filename: "d.pdf"),
            ]
            let begun = try await storage.begin(exchange)
            let ended = try await storage.finish(
                begun.response.id,
                as: .timedOut,
                metadata: ["usage": ["input_tokens": 9, "output_tokens": 12], "model": nil]
            )
            let events = try await storage.events.events(of: storage.owner, after: 2, limit: 10).events
            let messages = [begun.userMessage, try #require(ended)]
            #expect(events.count == messages.count)
            for (event, message) in zip(events, messages) {
                let payload = try JSONParser.parse(event.payload)
                #expect(payload.objectValue?.names.sorted() == ["message", "session_id"])
                #expect(payload["session_id"] == .string(session.description))
                expectSame(try #require(payload["message"]), message.json)
            }
        }
    }

    /// Equal but for the order of members.
    private func expectSame(_ found: JSONValue, _ expected: JSONValue, path: String = "message") {
        switch (found, expected) {
        case (.object(let found), .object(let expected)):
            #expect(found.names.sorted() == expected.names.sorted(), "\(path)")
            for (name, value) in expected { expectSame(found[name] ?? .null, value, path: "\(path).\(name)") }
        case (.array(let found), .array(let expected)):
            #expect(found.count == expected.count, "\(path)")
            for (index, pair) in zip(found, expected).enumerated() {
                expectSame(pair.0, pair.1, path: "\(path)[\(index)]")
            }
        default:
            #expect(found == expected, "\(path)")
        }
    }

    @Test func theAuthorIsToldInALogOfTheirOwn() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let reader = try #require(ClientID("bob"))
            let begun = try await storage.begin(storage.exchange(in: session, author: reader.rawValue))
            try await storage.finish(begun.response.id)
            let owners = try await storage.events.events(of: storage.owner, after: 0, limit: 10).events
            let readers = try await storage.events.events(of: reader, after: 0, limit: 10).events
            #expect(owners.map(\.seq) == [1, 2])
            #expect(readers.map(\.seq) == [1, 2])
            #expect(owners.map(\.payload) == readers.map(\.payload))
        }
    }

    @Test func aRolledBackTransactionTakesNoNumber() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            var exchange = storage.exchange(in: session)
            exchange.responseMessageID = exchange.userMessageID
            let refused = exchange
            await #expect(throws: ChatError.self) { try await storage.messages.beginExchange(refused) }
            try await storage.converse(in: session)
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 4])
            try await storage.database.checkEventLog()
            try await storage.database.checkTree()
        }
    }

    @Test func partitionsAreMadeAheadAndDroppedBehind() async throws {
        try await withStorage { storage in
            let partitions = EventPartitions(client: storage.client)
            try await partitions.ensure(daysAhead: 5)
            #expect(try await partitions.ensure(daysAhead: 5) == 0)
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            // As if the newer event had come when nobody had made its partition, and the older one long ago.
            try await storage.database.query(
                """
                UPDATE events SET created_at = now() + interval '6 days' WHERE seq = 2;
                UPDATE events SET created_at = now() - interval '3 days' WHERE seq = 1
                """
            )
            #expect(try await storage.database.query("SELECT count(*) FROM events_default") == "2")
            #expect(try await partitions.ensure(daysAhead: 6) == 1)
            #expect(try await storage.database.query("SELECT count(*) FROM events_default") == "1")
            #expect(try await partitions.drop(olderThanHours: 48) == 0)
            let left = try await storage.events.events(of: storage.owner, after: 0, limit: 10).events
            #expect(left.map(\.seq) == [2])
            // Seen from a week ahead, everything is of yesterday.
            #expect(try await partitions.drop(olderThanHours: -24 * 7) == 7)
            #expect(try await storage.events.events(of: storage.owner, after: 0, limit: 10).events.isEmpty)
        }
    }
}
