import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct StreamDirectoryTests {
    @Test func aRunningAnswerIsFoundWithItsCheckpoint() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let id = try await storage.begin(storage.exchange(in: session)).response.id
            let fresh = try #require(try await storage.directory.stream(id, for: storage.owner))
            #expect(fresh.clientID == storage.owner && fresh.sessionID == session && fresh.messageID == id)
            #expect(fresh.progress == .running(on: storage.node.id, isAlive: true))
            #expect(fresh.result.state == .streaming && fresh.result.content.isEmpty && fresh.result.chunks == 0)
            _ = try await storage.messages.checkpoint(storage.checkpoint(of: id))
            let saved = try #require(try await storage.directory.stream(id, for: storage.owner))
            #expect(saved.result.content == [.text("partial")] && saved.result.chunks == 3)
            #expect(saved.result.message == (try await storage.messages.message(id, of: storage.owner)))
            try await storage.leases.endLease(of: storage.node.id)
            let orphan = try #require(try await storage.directory.stream(id, for: storage.owner))
            #expect(orphan.progress == .running(on: storage.node.id, isAlive: false))
        }
    }

    @Test func anEndedAnswerIsFoundWithAllOfIt() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.begin(storage.exchange(in: session))
            let content: [ContentPart] = [.text("a"), .text("b")]
            try await storage.finish(begun.response.id, as: .stopped, content: content, metadata: ["usage": [:]])
            let found = try #require(try await storage.directory.stream(begun.response.id, for: storage.owner))
            #expect(found.progress == .ended)
            #expect(found.result.state == .stopped && found.result.content == content && found.result.chunks == 2)
            #expect(found.result.metadata == ["usage": [:]])
            #expect(found.result.message?.id == begun.response.id)
            let question = try #require(try await storage.directory.stream(begun.userMessage.id, for: storage.owner))
            #expect(question.progress == .ended && question.result.message?.role == .user)
        }
    }

    @Test func aSummaryIsFoundByItsOwner() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let id = try await beginSummary(of: session, in: storage)
            _ = try await storage.summaries.checkpoint(storage.checkpoint(of: id))
            let running = try #require(try await storage.directory.stream(id, for: storage.owner))
            #expect(running.sessionID == session && running.result.message == nil)
            #expect(running.progress == .running(on: storage.node.id, isAlive: true))
            #expect(running.result.content == [.text("partial")] && running.result.chunks == 3)
            _ = try await storage.summaries.finish(storage.end(of: id, as: .failed, metadata: ["a": 1]))
            let ended = try #require(try await storage.directory.stream(id, for: storage.owner))
            #expect(ended.progress == .ended && ended.result.state == .failed)
            #expect(ended.result.content == [.text("answer")] && ended.result.chunks == 1)
            #expect(ended.result.metadata == ["a": 1])
        }
    }

    @Test func aGuestFindsOwnAnswersOnly() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let owners = try await storage.begin(storage.exchange(in: session)).response.id
            try await storage.finish(owners)
            let guest = try await storage.guest(in: session)
            let own = try await storage.begin(storage.exchange(by: guest, in: session)).response.id
            let summary = try await beginSummary(of: session, in: storage)
            _ = try await storage.messages.checkpoint(storage.checkpoint(of: own))
            for reader in [guest.clientID, storage.owner] {
                let found = try #require(try await storage.directory.stream(own, for: reader))
                #expect(found.clientID == storage.owner && found.sessionID == session)
                #expect(found.progress == .running(on: storage.node.id, isAlive: true))
                #expect(found.result.content == [.text("partial")])
            }
            let carol = try await storage.guest("carol", in: session)
            for (id, reader) in [
                (owners, guest.clientID), (summary, guest.clientID), (own, carol.clientID),
                (MessageID.make(), storage.owner), (MessageID.make(), guest.clientID),
            ] {
                #expect(try await storage.directory.stream(id, for: reader) == nil)
            }
        }
    }

    /// While a stream ends it is seen as running or as ended, never as neither.
    @Test func aStreamIsFoundAtAnyMoment() async throws {
        try await withStorage(poolSize: 8) { storage in
            for _ in 0..<20 {
                let session = try await storage.makeSession()
                let id = try await storage.begin(storage.exchange(in: session)).response.id
                async let ended = storage.finish(id)
                let found = try #require(try await storage.directory.stream(id, for: storage.owner))
                switch found.progress {
                case .running: #expect(found.result.state == .streaming)
                case .ended: #expect(found.result.state == .complete && found.result.chunks == 1)
                }
                #expect(try await ended != nil)
            }
        }
    }

    private func beginSummary(of session: SessionID, in storage: StorageFixture) async throws -> MessageID {
        let summary = storage.summary(of: session)
        try await storage.begin(summary)
        return summary.summaryID
    }
}
