import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// The search across the sessions of a client.
@Suite struct SearchAcrossSessionsTests {
    @Test func findsSessionsByTheirMessages() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "Animals", "mood": "calm"])
            _ = try await storage.makeSession(metadata: ["title": "Plants"])
            var said: [MessageID] = []
            for number in 1...5 {
                said.append(
                    try await storage.say(String(repeating: "hedgehog ", count: number), in: session).userMessage.id
                )
            }
            let page = try await storage.search.searchSessions(storage.query("hedgehogs"))
            #expect(page.total == 1)
            let result = try #require(page.results.first)
            #expect(result.sessionID == session)
            #expect(result.metadata["title"] == "Animals")
            #expect(result.metadata["mood"] == "calm")
            #expect(result.matchedMessages.map(\.messageID) == [said[4], said[3], said[2]])
            #expect(result.matchedMessages.allSatisfy { $0.sessionID == session })
            #expect(result.score == result.matchedMessages.first?.score)
            #expect(result.matchedMessages.last?.snippet == "«hedgehog» «hedgehog» «hedgehog»")
        }
    }

    @Test func findsSessionsByTitleAndTags() async throws {
        try await withStorage { storage in
            let titled = try await storage.makeSession(metadata: ["title": "On hedgehogs"])
            let tagged = try await storage.makeSession(metadata: ["title": "x", "tags": ["spiny", "hedgehog"]])
            _ = try await storage.makeSession(metadata: ["subject": "hedgehog"])
            let page = try await storage.search.searchSessions(storage.query("hedgehog"))
            // A title weighs more than a tag.
            #expect(page.results.map(\.sessionID) == [titled, tagged])
            #expect(page.results.map(\.matchedMessages.count) == [0, 0])
            #expect(page.results[0].score > page.results[1].score)
        }
    }

    @Test func aSessionThatMatchesTwiceIsListedOnce() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "hedgehog"])
            try await storage.say("a hedgehog", in: session)
            let page = try await storage.search.searchSessions(storage.query("hedgehog"))
            #expect(page.total == 1)
            #expect(page.results.map(\.matchedMessages.count) == [1])
        }
    }

    @Test func aChangedTitleIsFoundAndTheOldOneIsNot() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "hedgehog"])
            func rename(_ metadata: String) async throws {
                try await storage.database.query("UPDATE sessions SET metadata = '\(metadata)'")
            }
            try await rename(#"{"title": "badger"}"#)
            #expect(try await storage.foundSessions("hedgehog").isEmpty)
            #expect(try await storage.foundSessions("badger") == [session])
            try await rename(#"{"tags": ["otter"]}"#)
            #expect(try await storage.foundSessions("badger").isEmpty)
            #expect(try await storage.foundSessions("otter") == [session])
            try await rename("{}")
            #expect(try await storage.foundSessions("otter").isEmpty)
            #expect(try await storage.database.query("SELECT count(*) FROM session_texts") == "0")
        }
    }

    @Test(arguments: [
        JSONValue.null, 7, true, ["a": "hedgehog"], [["hedgehog"]], [7, nil, true, ["title": "hedgehog"]],
    ])
    func titlesAndTagsThatAreNoTextAreNone(value: JSONValue) async throws {
        try await withStorage { storage in
            _ = try await storage.makeSession(metadata: ["title": value, "tags": value])
            #expect(try await storage.foundSessions("hedgehog or 7 or true").isEmpty)
        }
    }

    @Test func equalsComeNewestFirst() async throws {
        try await withStorage { storage in
            var sessions: [SessionID] = []
            for second in 0..<3 {
                let id = SessionID.make(at: Timestamp.now.advanced(bySeconds: Int64(second)))
                sessions.append(id)
                let session = Session(
                    id: id,
                    clientID: storage.owner,
                    sessionTypeID: storage.type.id,
                    availableCapabilities: [],
                    metadata: ["title": "hedgehog"],
                    createdAt: .now,
                    updatedAt: .now
                )
                try await storage.sessions.createSession(session)
            }
            #expect(try await storage.foundSessions("hedgehog") == sessions.reversed())
        }
    }
}
