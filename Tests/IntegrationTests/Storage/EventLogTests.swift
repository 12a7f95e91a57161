import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct EventLogTests {
    @Test func eventsAreReadInOrderAfterANumber() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for _ in 0..<3 { try await storage.converse(in: session) }
            let all = try await storage.events.events(of: storage.owner, after: 0, limit: 100)
            #expect(all.map(\.seq) == [1, 2, 3, 4, 5, 6])
            #expect(all.allSatisfy { $0.clientID == storage.owner && $0.kind == .messageCreated })
            #expect(try await storage.events.events(of: storage.owner, after: 2, limit: 3) == Array(all[2...4]))
            #expect(try await storage.events.events(of: storage.owner, after: 6, limit: 3).isEmpty)
            let stranger = try #require(ClientID("mallory"))
            #expect(try await storage.events.events(of: stranger, after: 0, limit: 3).isEmpty)
            #expect(try await storage.events.lastSeqs(of: [storage.owner, stranger]) == [storage.owner: 6])
            #expect(try await storage.events.lastSeqs(of: []).isEmpty)
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
            let events = try await storage.events.events(of: storage.owner, after: 2, limit: 10)
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
            let owners = try await storage.events.events(of: storage.owner, after: 0, limit: 10)
            let readers = try await storage.events.events(of: reader, after: 0, limit: 10)
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
            let left = try await storage.events.events(of: storage.owner, after: 0, limit: 10)
            #expect(left.map(\.seq) == [2])
            // Seen from a week ahead, everything is of yesterday.
            #expect(try await partitions.drop(olderThanHours: -24 * 7) == 7)
            #expect(try await storage.events.events(of: storage.owner, after: 0, limit: 10).isEmpty)
        }
    }
}
