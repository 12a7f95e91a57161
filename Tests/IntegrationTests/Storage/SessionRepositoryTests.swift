import ChatCore
import Testing

@testable import ChatStorage

@Suite struct SessionRepositoryTests {
    @Test func keepsEveryField() async throws {
        try await withStorage { storage in
            let capability = try #require(Capability(["id": "search", "name": "Search", "levels": [1, 2]]))
            let session = Session(
                id: .make(),
                clientID: storage.owner,
                sessionTypeID: storage.type.id,
                availableCapabilities: [capability],
                metadata: ["title": "Größe 🙂", "tags": ["a", "b"]],
                createdAt: Timestamp(microsecondsSince1970: 1_770_000_000_123_456),
                updatedAt: Timestamp(microsecondsSince1970: 1_770_000_000_123_457)
            )
            try await storage.sessions.createSession(session)
            let found = try #require(try await storage.sessions.session(session.id, of: storage.owner))
            #expect(found.id == session.id)
            #expect(found.clientID == session.clientID)
            #expect(found.sessionTypeID == session.sessionTypeID)
            #expect(found.availableCapabilities.map(\.id) == ["search"])
            #expect(found.availableCapabilities.first?.object["levels"] == [1, 2])
            #expect(found.metadata["title"] == "Größe 🙂")
            #expect(found.metadata["tags"] == ["a", "b"])
            #expect(found.createdAt == session.createdAt)
            #expect(found.updatedAt == session.updatedAt)
            let both = try #require(try await storage.sessions.sessionWithType(session.id, of: storage.owner))
            #expect(both.session == found)
            #expect(both.type == storage.type)
        }
    }

    @Test func namesAreKeptByTheirBytes() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["\u{E9}": 1, "e\u{301}": 2])
            let metadata = try #require(try await storage.session(session)).metadata
            #expect(metadata.count == 2)
            #expect(metadata["\u{E9}"] == 1)
            #expect(metadata["e\u{301}"] == 2)
        }
    }

    @Test func aForeignSessionIsLikeAnUnknownOne() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let stranger = try #require(ClientID("mallory"))
            #expect(try await storage.sessions.session(session, of: stranger) == nil)
            #expect(try await storage.sessions.sessionWithType(session, of: stranger) == nil)
            #expect(try await storage.sessions.sessions(of: stranger, limit: 10, after: nil).elements.isEmpty)
        }
    }

    @Test func anUnknownTypeIsNotFound() async throws {
        try await withStorage { storage in
            let now = Timestamp.now
            let session = Session(
                id: .make(),
                clientID: storage.owner,
                sessionTypeID: .make(),
                availableCapabilities: [],
                metadata: [:],
                createdAt: now,
                updatedAt: now
            )
            let error = await #expect(throws: ChatError.self) { try await storage.sessions.createSession(session) }
            #expect(error?.code == .notFound)
        }
    }

    @Test func listsNewestActivityFirstInPagesThatStayStable() async throws {
        try await withStorage { storage in
            let start = Timestamp(microsecondsSince1970: 1_770_000_000_000_000)
            var ids: [SessionID] = []
            for second in 0..<3 {
                // Two share a moment, and are told apart by their id.
                let moment = start.advanced(bySeconds: Int64(second))
                let pair = [
                    try await storage.makeSession(updatedAt: moment), try await storage.makeSession(updatedAt: moment),
                ]
                ids += pair.sorted { $0.description < $1.description }
            }
            var listed: [SessionID] = []
            var cursor: PageCursor?
            repeat {
                let page = try await storage.sessions.sessions(of: storage.owner, limit: 2, after: cursor)
                listed += page.elements.map(\.id)
                cursor = page.nextCursor
                // New activity comes first and does not disturb the pages behind.
                _ = try await storage.makeSession(updatedAt: .now)
            } while cursor != nil
            #expect(listed == ids.reversed())
        }
    }

    @Test func sendingMakesASessionTheNewest() async throws {
        try await withStorage { storage in
            let start = Timestamp(microsecondsSince1970: 1_770_000_000_000_000)
            let first = try await storage.makeSession(updatedAt: start)
            let second = try await storage.makeSession(updatedAt: start.advanced(bySeconds: 1))
            try await storage.converse(in: first)
            let page = try await storage.sessions.sessions(of: storage.owner, limit: 10, after: nil)
            #expect(page.elements.map(\.id) == [first, second])
            #expect(page.nextCursor == nil)
        }
    }

    @Test(arguments: [
        PageCursor(list: "sessions", keys: []), PageCursor(list: "sessions", keys: ["1", "x"]),
        PageCursor(list: "sessions", keys: ["9223372036854775807", "018f0000-0000-7000-8000-000000000000"]),
        PageCursor(list: "other", keys: ["1", "018f0000-0000-7000-8000-000000000000"]),
    ])
    func refusesACursorOfAnotherList(_ cursor: PageCursor) async throws {
        try await withStorage { storage in
            let error = await #expect(throws: ChatError.self) {
                try await storage.sessions.sessions(of: storage.owner, limit: 2, after: cursor)
            }
            #expect(error?.code == .invalidRequest)
        }
    }
}
