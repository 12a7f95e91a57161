import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Order and pages of both searches.
@Suite struct SearchPageTests {
    @Test func theBestComesFirstAndOfEqualsTheNewest() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let old = try await storage.say("one hedgehog", in: session).userMessage.id
            let best = try await storage.say("hedgehog hedgehog hedgehog", in: session).userMessage.id
            let new = try await storage.say("two hedgehog", in: session).userMessage.id
            let padding = String(repeating: "other words ", count: 40)
            let weak = try await storage.say("\(padding) hedgehog", in: session).userMessage.id
            let page = try #require(
                try await storage.search.searchMessages(of: session, storage.query("hedgehog"))
            )
            #expect(page.results.map(\.messageID) == [best, new, old, weak])
            #expect(page.results[1].score == page.results[2].score)
            #expect(page.results.map(\.score) == page.results.map(\.score).sorted(by: >))
        }
    }

    @Test func pagesOfMessagesFitTogether() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for number in 0..<7 {
                try await storage.say(String(repeating: "hedgehog ", count: 1 + number / 2), in: session)
            }
            let all = try await storage.found("hedgehog", in: session)
            #expect(all.count == 7)
            var listed: [MessageID] = []
            var query = try storage.query("hedgehog", limit: 3)
            repeat {
                let page = try #require(try await storage.search.searchMessages(of: session, query))
                #expect(page.total == 7)
                #expect(page.offset == listed.count)
                let skipped = try storage.query("hedgehog", limit: 3, offset: listed.count)
                let same = try #require(try await storage.search.searchMessages(of: session, skipped))
                #expect(same.results == page.results)
                #expect(same.offset == page.offset)
                listed += page.results.map(\.messageID)
                query.cursor = page.nextCursor
            } while query.cursor != nil
            #expect(listed == all)
        }
    }

    @Test func pagesOfSessionsFitTogether() async throws {
        try await withStorage { storage in
            for number in 0..<5 {
                let session = try await storage.makeSession()
                try await storage.say(String(repeating: "hedgehog ", count: 1 + number / 2), in: session)
            }
            let all = try await storage.foundSessions("hedgehog")
            #expect(all.count == 5)
            var listed: [SessionID] = []
            var query = try storage.query("hedgehog", limit: 2)
            repeat {
                let page = try await storage.search.searchSessions(query)
                #expect(page.total == 5)
                #expect(page.offset == listed.count)
                let skipped = try storage.query("hedgehog", limit: 2, offset: listed.count)
                #expect(try await storage.search.searchSessions(skipped).results == page.results)
                listed += page.results.map(\.sessionID)
                query.cursor = page.nextCursor
            } while query.cursor != nil
            #expect(listed == all)
        }
    }

    @Test func theTotalIsToldBehindTheEnd() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.say("hedgehog", in: session)
            let query = try storage.query("hedgehog", offset: 1_000_000)
            let messages = try #require(try await storage.search.searchMessages(of: session, query))
            #expect(messages.results.isEmpty && messages.nextCursor == nil)
            #expect(messages.total == 1)
            let sessions = try await storage.search.searchSessions(query)
            #expect(sessions.results.isEmpty && sessions.nextCursor == nil)
            #expect(sessions.total == 1)
        }
    }

    @Test func aCursorOfAnotherSearchIsRefused() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for _ in 0..<2 { try await storage.say("hedgehog", in: session) }
            let page = try #require(
                try await storage.search.searchMessages(of: session, storage.query("hedgehog", limit: 1))
            )
            let cursor = try #require(page.nextCursor)
            let forged = PageCursor(list: cursor.list, keys: ["1", "2", "3", "4"])
            let short = PageCursor(list: cursor.list, keys: [])
            for (text, cursor) in [("hedgehogs", cursor), ("hedgehog", forged), ("hedgehog", short)] {
                let query = try storage.query(text, cursor: cursor)
                let error = await #expect(throws: ChatError.self) {
                    try await storage.search.searchMessages(of: session, query)
                }
                #expect(error?.code == .invalidRequest)
                #expect(error?.validationErrors.map(\.field) == ["cursor"])
            }
            let query = try storage.query("hedgehog", cursor: cursor)
            await #expect(throws: ChatError.self) { try await storage.search.searchSessions(query) }
        }
    }
}
