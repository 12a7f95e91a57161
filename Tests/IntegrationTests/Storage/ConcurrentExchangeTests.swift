import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct ConcurrentExchangeTests {
    /// Sends until it is accepted: the leaf may be streaming another's answer.
    private func sendUntilBegun(_ storage: StorageFixture, in session: SessionID) async throws {
        while true {
            let outcome = try await storage.messages.beginExchange(storage.exchange(in: session))
            switch outcome {
            case .begun(_, let response, _):
                try await storage.finish(response.id)
                return
            case .parentStreaming:
                await Task.yield()
            default:
                throw TestSupportError("\(outcome)")
            }
        }
    }

    @Test func manySendsIntoOneSessionMakeOnePath() async throws {
        try await withStorage(poolSize: 16) { storage in
            let session = try await storage.makeSession()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<32 {
                    group.addTask { try await sendUntilBegun(storage, in: session) }
                }
                try await group.waitForAll()
            }
            #expect(try await storage.activePath(of: session).count == 64)
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 64])
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    @Test func manyBranchesFromOneMessageBecomeNumberedVariants() async throws {
        try await withStorage(poolSize: 16) { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            let indexes = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        try await storage.converse(in: session, under: .message(root.response.id))
                            .userMessage.variantIndex
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(indexes.sorted() == Array(0..<32))
            #expect(try await storage.activePath(of: session).count == 4)
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    @Test func manySessionsOfOneClientShareItsCounter() async throws {
        try await withStorage(poolSize: 16) { storage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        let session = try await storage.makeSession()
                        for _ in 0..<4 { try await storage.converse(in: session) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 128])
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    /// Owner and author take each other's counters in opposite roles.
    @Test func twoClientsWritingIntoEachOthersSessionsDoNotDeadlock() async throws {
        try await withStorage(poolSize: 16) { storage in
            let other = try #require(ClientID("bob"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<16 {
                    let (owner, author) = number.isMultiple(of: 2) ? (storage.owner, other) : (other, storage.owner)
                    group.addTask {
                        let session = try await storage.makeSession(of: owner)
                        for _ in 0..<4 {
                            let exchange = storage.exchange(in: session, of: owner, author: author.rawValue)
                            let begun = try await storage.begin(exchange)
                            try await storage.finish(begun.response.id, of: owner)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let seqs = try await storage.events.lastSeqs(of: [storage.owner, other])
            #expect(seqs == [storage.owner: 128, other: 128])
            try await storage.database.checkEventLog()
        }
    }
}
