import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Leases and stops hold for summaries as they do for answers.
@Suite struct SummaryLeaseTests {
    private func begin(in storage: StorageFixture, node: NodeID? = nil) async throws -> NewSummary {
        var summary = storage.summary(of: try await storage.makeSession())
        summary.nodeID = node ?? storage.node.id
        try await storage.begin(summary)
        return summary
    }

    private func closed(_ summary: NewSummary) -> ClosedStream {
        ClosedStream(clientID: summary.clientID, sessionID: summary.sessionID, messageID: summary.summaryID)
    }

    @Test func aStopReachesTheOwnerWithItsNextRenewal() async throws {
        try await withStorage { storage in
            let id = try await begin(in: storage).summaryID
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60).isEmpty)
            let target = try await storage.leases.requestStop(of: id, client: storage.owner)
            #expect(target == .running(on: storage.node.id))
            let request = StopRequest(clientID: storage.owner, messageID: id)
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60) == [request])
            let other = Node(id: .make(), name: "other", role: .api)
            #expect(try await storage.leases.renewLease(of: other, seconds: 60).isEmpty)
            _ = try await storage.summaries.finish(storage.end(of: id, as: .stopped))
            #expect(try await storage.leases.renewLease(of: storage.node, seconds: 60).isEmpty)
            #expect(try await storage.leases.requestStop(of: id, client: storage.owner) == .ended(.stopped))
            let mallory = try StorageFixture.client("mallory")
            #expect(try await storage.leases.requestStop(of: id, client: mallory) == .messageNotFound)
        }
    }

    @Test func anOrphanIsClosedWithItsCheckpointAndWithoutAnEvent() async throws {
        try await withStorage { storage in
            let summary = try await begin(in: storage)
            let id = summary.summaryID
            let session = try await storage.session(summary.sessionID)
            _ = try await storage.summaries.checkpoint(storage.checkpoint(of: id))
            #expect(try await storage.leases.closeOrphan(id, client: storage.owner) == nil)
            try await storage.leases.endLease(of: storage.node.id)
            #expect(try await storage.leases.requestStop(of: id, client: storage.owner) == .orphaned)
            #expect(try await storage.leases.closeOrphan(id, client: try StorageFixture.client("mallory")) == nil)
            #expect(try await storage.leases.closeOrphan(id, client: storage.owner) == closed(summary))
            let result = try #require(try await storage.summaries.result(of: id, client: storage.owner))
            #expect(result.state == .interrupted && result.content == [.text("partial")] && result.chunks == 3)
            #expect(try await storage.leases.closeOrphan(id, client: storage.owner) == nil)
            #expect(try await storage.leases.requestStop(of: id, client: storage.owner) == .ended(.interrupted))
            // The owner comes back and finds that it owns nothing any more.
            _ = try await storage.leases.renewLease(of: storage.node, seconds: 60)
            #expect(try await storage.summaries.finish(storage.end(of: id)) == nil)
            #expect(try await storage.session(summary.sessionID) == session)
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [:])
        }
    }

    @Test func whatItsNodeDoesNotKnowOfIsClosed() async throws {
        try await withStorage { storage in
            let (running, forgotten) = (try await begin(in: storage), try await begin(in: storage))
            let node = storage.node.id
            func close(after seconds: Int) async throws -> [ClosedStream] {
                try await storage.leases.closeForgotten(
                    of: node,
                    running: [running.summaryID],
                    after: seconds,
                    limit: 10
                )
            }
            #expect(try await close(after: 60).isEmpty)
            #expect(try await close(after: -60) == [closed(forgotten)])
            #expect(try await close(after: -60).isEmpty)
            #expect(try await storage.summaries.finish(storage.end(of: running.summaryID)) != nil)
        }
    }

    @Test func orphansOfBothKindsAreClosedByOneOfMany() async throws {
        try await withStorage(poolSize: 8) { storage in
            let dead = NodeID.make()
            var expected: Set<MessageID> = []
            for _ in 0..<15 {
                expected.insert(try await begin(in: storage, node: dead).summaryID)
                let session = try await storage.makeSession()
                expected.insert(try await storage.begin(storage.exchange(in: session, node: dead)).response.id)
            }
            let alive = try await begin(in: storage)
            let closed = try await withThrowingTaskGroup(of: [ClosedStream].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var closed: [ClosedStream] = []
                        while case let more = try await storage.leases.closeOrphans(limit: 4), !more.isEmpty {
                            #expect(more.count <= 4)
                            closed += more
                        }
                        return closed
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(closed.count == 30)
            #expect(Set(closed.map(\.messageID)) == expected)
            #expect(try await storage.summaries.checkpoint(storage.checkpoint(of: alive.summaryID)))
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    /// Whoever ends several streams tells their clients one after the other, so that two who do so cannot wait for each
    /// other: owners and guests alike.
    @Test func clientsAreToldInOneOrderWhateverStreamsEnd() async throws {
        try await withStorage(poolSize: 8) { storage in
            let bob = try StorageFixture.client("bob")
            let session = try await storage.makeSession()
            let zoe = try await storage.guest("zoe", in: session)
            // Owner alice and guest zoe; owner bob.
            let first = try await storage.begin(storage.exchange(by: zoe, in: session))
            let foreign = try await storage.makeSession(of: bob)
            let second = try await storage.begin(storage.exchange(in: foreign, of: bob))
            try await storage.leases.endLease(of: storage.node.id)
            let lock = Statement("SELECT FROM event_counters WHERE client_id = 'bob' FOR UPDATE", effect: .mayWrite)
            try await storage.client.withTransaction { transaction in
                _ = try await transaction.execute(lock)
                async let closed = storage.leases.closeOrphans(limit: 10)
                try await storage.database.untilBlocked()
                // Zoe comes after bob, for whom they wait; so her counter is free, and alice's is not.
                let free = try await storage.database.query(
                    "SELECT client_id FROM event_counters ORDER BY client_id FOR UPDATE SKIP LOCKED"
                )
                #expect(free == "zoe")
                try await transaction.commit()
                #expect(try await Set(closed.map(\.messageID)) == [first.response.id, second.response.id])
            }
            try await storage.database.checkEventLog()
        }
    }
}
