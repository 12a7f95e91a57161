import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct StreamLeaseTests {
    private func checkpoint(
        _ message: MessageID,
        in storage: StorageFixture,
        node: NodeID? = nil,
        text: String = "partial",
        chunks: Int = 3
    ) async throws -> Bool {
        try await storage.messages.checkpoint(
            StreamCheckpoint(
                clientID: storage.owner,
                messageID: message,
                nodeID: node ?? storage.node.id,
                content: [.text(text)],
                chunks: chunks
            )
        )
    }

    private func begin(in storage: StorageFixture) async throws -> MessageID {
        let session = try await storage.makeSession()
        return try await storage.begin(storage.exchange(in: session)).response.id
    }

    @Test func aStreamEndsWithContentStateAndEvent() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            let content: [ContentPart] = [.text("a"), .code("let b", language: "swift")]
            let metadata: JSONObject = ["usage": ["input_tokens": 9], "state": "forged"]
            let ended = try await storage.finish(id, as: .stopped, content: content, metadata: metadata)
            #expect(ended?.content == content)
            #expect(ended?.state == .stopped)
            #expect(ended?.metadata == ["usage": ["input_tokens": 9]])
            #expect(try await storage.messages.message(id, of: storage.owner) == ended)
            let events = try await storage.events.events(of: storage.owner, after: 1, limit: 10).events
            #expect(events.map(\.kind) == [.messageCreated])
            #expect(try await storage.database.query("SELECT chunk_count FROM messages WHERE chunk_count > 0") == "2")
            try await storage.database.checkTree()
        }
    }

    @Test func streamsTheirNodeDoesNotKnowOfAreClosed() async throws {
        try await withStorage { storage in
            let (running, forgotten) = (try await begin(in: storage), try await begin(in: storage))
            let node = storage.node.id
            let young = try await storage.leases.closeForgotten(of: node, running: [running], after: 60, limit: 10)
            #expect(young.isEmpty)
            let foreign = try await storage.leases.closeForgotten(of: .make(), running: [], after: -60, limit: 10)
            #expect(foreign.isEmpty)
            let closed = try await storage.leases.closeForgotten(of: node, running: [running], after: -60, limit: 10)
            #expect(closed.map(\.messageID) == [forgotten])
            #expect(try await storage.messages.message(forgotten, of: storage.owner)?.state == .interrupted)
            #expect(try await storage.finish(forgotten) == nil)
            #expect(try await storage.finish(running)?.state == .complete)
        }
    }

    /// The connection was lost in mid-commit, and the same exchange is sent once more.
    @Test(arguments: [true, false])
    func anExchangeWhoseCommitWasNotConfirmedGoesOn(namesParent: Bool) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.begin(storage.exchange(in: session))
            _ = try await storage.finish(first.response.id, content: [.text("hi")])
            let key = IdempotencyKey(clientID: storage.owner, key: "k", digest: "d")
            let exchange = storage.exchange(
                in: session,
                under: namesParent ? .message(first.response.id) : .activeLeaf,
                idempotency: key
            )
            let begun = try await storage.begin(exchange)
            let again = try await storage.begin(exchange)
            #expect(again.userMessage == begun.userMessage)
            #expect(again.response == begun.response)
            #expect(again.history == begun.history)
            _ = try await storage.finish(begun.response.id)
            guard case .repeated(_, begun.response.id) = try await storage.messages.beginExchange(exchange) else {
                Issue.record("An exchange that has ended is begun again")
                return
            }
        }
    }

    @Test func aStreamEndsOnce() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            let ended = try await withThrowingTaskGroup(of: Message?.self) { group in
                for _ in 0..<8 { group.addTask { try await storage.finish(id) } }
                return try await group.compactMap { $0 }.reduce(into: []) { $0.append($1) }
            }
            #expect(ended.count == 1)
            #expect(try await checkpoint(id, in: storage) == false)
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 2])
        }
    }

    @Test func onlyTheOwnerWrites() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            #expect(try await checkpoint(id, in: storage, node: .make()) == false)
            let end = StreamEnd(
                clientID: storage.owner,
                messageID: id,
                nodeID: .make(),
                state: .complete,
                content: [],
                chunks: 0,
                metadata: [:]
            )
            #expect(try await storage.messages.finishStream(end) == nil)
            #expect(try await storage.messages.message(id, of: storage.owner)?.state == .streaming)
        }
    }

    @Test func aStreamingMessageShowsItsCheckpoint() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            #expect(try await storage.messages.message(id, of: storage.owner)?.content == [])
            #expect(try await checkpoint(id, in: storage))
            #expect(try await checkpoint(id, in: storage, text: "partial and more"))
            let message = try #require(try await storage.messages.message(id, of: storage.owner))
            #expect(message.content == [.text("partial and more")])
            #expect(message.state == .streaming)
            let query = MessageQuery(clientID: storage.owner, sessionID: message.sessionID)
            #expect(try await storage.messages.messages(query)?.elements.last == message)
        }
    }

    /// One that was given up, and sent again, may come after all.
    @Test func aCheckpointThatComesLateTakesNothingBack() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            #expect(try await checkpoint(id, in: storage, text: "more", chunks: 4))
            _ = try await checkpoint(id, in: storage, text: "less", chunks: 3)
            #expect(try await storage.messages.message(id, of: storage.owner)?.content == [.text("more")])
            let summary = storage.summary(of: try await storage.makeSession())
            try await storage.begin(summary)
            var saved = storage.checkpoint(of: summary.summaryID, text: "more")
            #expect(try await storage.summaries.checkpoint(saved))
            saved.chunks -= 1
            saved.content = [.text("less")]
            _ = try await storage.summaries.checkpoint(saved)
            let known = try await storage.directory.stream(summary.summaryID, for: storage.owner)
            #expect(known?.result.content == [.text("more")])
        }
    }

    @Test func anOrphanIsClosedWithItsCheckpoint() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            #expect(try await checkpoint(id, in: storage))
            #expect(try await storage.leases.closeOrphan(id, client: storage.owner) == nil)
            try await storage.leases.endLease(of: storage.node.id)
            let stream = try #require(try await storage.leases.closeOrphan(id, client: storage.owner))
            let closed = try #require(try await storage.messages.message(id, of: storage.owner))
            #expect(
                stream == ClosedStream(clientID: storage.owner, sessionID: closed.sessionID, messageID: id)
            )
            #expect(closed.state == .interrupted)
            #expect(closed.content == [.text("partial")])
            // The owner comes back and finds that it owns nothing any more.
            _ = try await storage.leases.renewLease(of: storage.node, seconds: 60)
            #expect(try await storage.finish(id) == nil)
            #expect(try await checkpoint(id, in: storage) == false)
            #expect(try await storage.leases.closeOrphan(id, client: storage.owner) == nil)
            #expect(try await storage.messages.message(id, of: storage.owner) == closed)
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 2])
            try await storage.database.checkTree()
        }
    }

    @Test func aLeaseThatRanOutMakesOrphans() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            try await storage.database.query("UPDATE nodes SET lease_expires_at = now() - interval '1 second'")
            #expect(try await storage.leases.requestStop(of: id, client: storage.owner) == .orphaned)
            #expect(try await storage.leases.closeOrphans(limit: 10).map(\.messageID) == [id])
            #expect(try await storage.leases.requestStop(of: id, client: storage.owner) == .ended(.interrupted))
        }
    }

    @Test func anOrphanIsClosedByOneOfMany() async throws {
        try await withStorage(poolSize: 8) { storage in
            var ids: Set<MessageID> = []
            let dead = NodeID.make()
            for number in 0..<30 {
                let client = try #require(ClientID("client-\(number % 3)"))
                let session = try await storage.makeSession(of: client)
                let begun = try await storage.begin(storage.exchange(in: session, of: client, node: dead))
                ids.insert(begun.response.id)
            }
            let alive = try await begin(in: storage)
            let closed = try await withThrowingTaskGroup(of: [ClosedStream].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var closed: [ClosedStream] = []
                        while case let more = try await storage.leases.closeOrphans(limit: 4), !more.isEmpty {
                            closed += more
                        }
                        return closed
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(closed.count == 30)
            #expect(Set(closed.map(\.messageID)) == ids)
            let states = try await storage.database.query(
                "SELECT state, count(*) FROM messages WHERE role = 'assistant' GROUP BY state ORDER BY state"
            )
            #expect(states == "interrupted|30\nstreaming|1")
            #expect(try await storage.messages.message(alive, of: storage.owner)?.state == .streaming)
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    @Test func aStopReachesTheOwnerWithItsNextRenewal() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60).isEmpty)
            let target = try await storage.leases.requestStop(of: id, client: storage.owner)
            #expect(target == .running(on: storage.node.id))
            let request = StopRequest(clientID: storage.owner, messageID: id)
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60) == [request])
            let other = Node(id: .make(), name: "other", role: .api)
            #expect(try await storage.leases.renewLease(of: other, seconds: 60).isEmpty)
            try await storage.finish(id, as: .stopped)
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60).isEmpty)
            #expect(try await storage.leases.requestStop(of: id, client: storage.owner) == .ended(.stopped))
        }
    }

    @Test func aStopOfWhatIsNotTheCallersFindsNothing() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage)
            let stranger = try #require(ClientID("mallory"))
            #expect(try await storage.leases.requestStop(of: id, client: stranger) == .messageNotFound)
            #expect(try await storage.leases.requestStop(of: .make(), client: storage.owner) == .messageNotFound)
            #expect(try await storage.leases.closeOrphan(id, client: stranger) == nil)
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60).isEmpty)
        }
    }

    @Test func aUserMessageHasEndedLongAgo() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.begin(storage.exchange(in: session))
            let target = try await storage.leases.requestStop(of: begun.userMessage.id, client: storage.owner)
            #expect(target == .ended(.complete))
        }
    }

    @Test func finishAndStopAtOnceNeverContradict() async throws {
        try await withStorage(poolSize: 8) { storage in
            for _ in 0..<20 {
                let id = try await begin(in: storage)
                async let ended = storage.finish(id)
                async let target = storage.leases.requestStop(of: id, client: storage.owner)
                #expect(try await ended != nil)
                let found = try await target
                #expect(found == .running(on: storage.node.id) || found == .ended(.complete))
            }
        }
    }
}
