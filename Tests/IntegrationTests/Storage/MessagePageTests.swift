import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct MessagePageTests {
    /// Reads a list to its end, page by page; `between` runs after every page.
    private func readAll(
        _ query: MessageQuery,
        of storage: StorageFixture,
        between: () async throws -> Void = {}
    ) async throws -> [MessageID] {
        var query = query
        var ids: [MessageID] = []
        repeat {
            let page = try #require(try await storage.messages.messages(query))
            #expect(page.elements.count <= query.limit)
            ids += page.elements.map(\.id)
            query.cursor = page.nextCursor
            try await between()
        } while query.cursor != nil
        return ids
    }

    @Test(arguments: [1, 2, 3, 6, 7])
    func theActivePathInPages(_ limit: Int) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            _ = try await storage.converse(in: session)
            let branch = try await storage.converse(in: session, under: .message(first.response.id))
            let last = try await storage.converse(in: session)
            let path = [first, branch, last].flatMap { [$0.userMessage.id, $0.response.id] }
            var query = MessageQuery(clientID: storage.owner, sessionID: session, limit: limit)
            #expect(try await readAll(query, of: storage) == path)
            query.isDescending = true
            #expect(try await readAll(query, of: storage) == path.reversed())
        }
    }

    @Test(arguments: [1, 2, 5, 8, 9])
    func allMessagesInPages(_ limit: Int) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            var created: [MessageID] = []
            var first: BegunExchange?
            for _ in 0..<4 {
                let parent = first.map { NewExchange.Parent.message($0.response.id) } ?? .activeLeaf
                let begun = try await storage.converse(in: session, under: parent)
                first = first ?? begun
                created += [begun.userMessage.id, begun.response.id]
            }
            var query = MessageQuery(clientID: storage.owner, sessionID: session, path: .all, limit: limit)
            #expect(try await readAll(query, of: storage) == created)
            query.isDescending = true
            #expect(try await readAll(query, of: storage) == created.reversed())
        }
    }

    @Test(arguments: [MessageQuery.Path.active, .all])
    func pagesStayStableWhileMessagesCome(_ path: MessageQuery.Path) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for _ in 0..<3 { try await storage.converse(in: session) }
            let before = try await storage.activePath(of: session)
            var query = MessageQuery(clientID: storage.owner, sessionID: session, path: path, limit: 2)
            query.isDescending = true
            let listed = try await readAll(query, of: storage) { _ = try await storage.converse(in: session) }
            #expect(listed == before.reversed())
        }
    }

    @Test func childrenOfOneMessage() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            var children: [MessageID] = []
            for _ in 0..<3 {
                let begun = try await storage.converse(in: session, under: .message(root.response.id))
                children.append(begun.userMessage.id)
            }
            var query = MessageQuery(clientID: storage.owner, sessionID: session, path: .all, limit: 2)
            query.parentMessageID = root.response.id
            #expect(try await readAll(query, of: storage) == children)
            let page = try #require(try await storage.messages.messages(query))
            #expect(page.elements.map(\.variantIndex) == [0, 1])
            #expect(page.elements.map(\.totalVariants) == [3, 3])
            #expect(page.elements.map(\.isActive) == [false, false])
        }
    }

    @Test func theActivePathBelowAMessage() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            let hidden = try await storage.converse(in: session)
            let hiddenNext = try await storage.converse(in: session)
            let shown = try await storage.converse(in: session, under: .message(root.response.id))
            var query = MessageQuery(clientID: storage.owner, sessionID: session, limit: 1)
            query.parentMessageID = root.response.id
            #expect(try await readAll(query, of: storage) == [shown.userMessage.id, shown.response.id])
            query.parentMessageID = hidden.userMessage.id
            let below = [hidden.response.id, hiddenNext.userMessage.id, hiddenNext.response.id]
            #expect(try await readAll(query, of: storage) == below)
            query.isDescending = true
            #expect(try await readAll(query, of: storage) == below.reversed())
            query.parentMessageID = shown.response.id
            #expect(try await readAll(query, of: storage).isEmpty)
            query.parentMessageID = .make()
            #expect(try await readAll(query, of: storage).isEmpty)
        }
    }

    @Test(arguments: [MessageQuery.Path.active, .all])
    func anEmptySessionHasNoMessages(_ path: MessageQuery.Path) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let query = MessageQuery(clientID: storage.owner, sessionID: session, path: path)
            let page = try #require(try await storage.messages.messages(query))
            #expect(page.elements.isEmpty)
            #expect(page.nextCursor == nil)
        }
    }

    @Test func aCursorBelongsToItsList() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let query = MessageQuery(clientID: storage.owner, sessionID: session, limit: 1)
            let cursor = try #require(try await storage.messages.messages(query)?.nextCursor)
            var others: [MessageQuery] = []
            others.append(MessageQuery(clientID: storage.owner, sessionID: session, path: .all, limit: 1))
            others.append(MessageQuery(clientID: storage.owner, sessionID: session, limit: 1, isDescending: true))
            others.append(MessageQuery(clientID: storage.owner, sessionID: .make(), limit: 1))
            for var other in others {
                other.cursor = cursor
                let refused = other
                let error = await #expect(throws: ChatError.self) { try await storage.messages.messages(refused) }
                #expect(error?.code == .invalidRequest)
            }
        }
    }

    @Test(arguments: ["x", "-1", "99999999999", ""])
    func aForgedCursorIsRefused(_ key: String) async throws {
        try await withStorage { storage in
            var query = MessageQuery(clientID: storage.owner, sessionID: .make(), limit: 1)
            query.cursor = PageCursor(list: query.listName, keys: [key])
            let forged = query
            let error = await #expect(throws: ChatError.self) { try await storage.messages.messages(forged) }
            #expect(error?.code == .invalidRequest)
        }
    }
}
