import ChatCore
import Synchronization
import TestSupport
import Testing

@testable import ChatStorage

/// What relays have published, in order.
private final class PublishedEvents: Sendable {
    private let events = Mutex<[PushEvent]>([])

    var all: [PushEvent] { events.withLock { $0 } }

    func append(_ more: [PushEvent]) {
        events.withLock { $0 += more }
    }
}

@Suite struct EventOutboxTests {
    private func shard(of client: ClientID, in storage: StorageFixture) async throws -> Int {
        try #require(Int(try await storage.database.query("SELECT event_shard('\(client)')")))
    }

    @Test func eventsAreTakenInOrderAndOnce() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for _ in 0..<3 { try await storage.converse(in: session) }
            let shard = try await shard(of: storage.owner, in: storage)
            #expect(try await storage.outbox.waitingShards() == [shard])
            let published = PublishedEvents()
            let publish: @Sendable ([PushEvent]) async throws -> Void = { published.append($0) }
            #expect(try await storage.outbox.drain(shard: shard, limit: 4, publish: publish) == .moreWaiting)
            #expect(published.all.count == 4)
            #expect(try await storage.outbox.waitingShards() == [shard])
            #expect(try await storage.outbox.drain(shard: shard, limit: 4, publish: publish) == .emptied)
            #expect(published.all.count == 6)
            #expect(try await storage.outbox.drain(shard: shard, limit: 4, publish: publish) == .emptied)
            #expect(try await storage.outbox.waitingShards().isEmpty)
            let log = try await storage.events.events(of: storage.owner, after: 0, limit: 10).events
            #expect(published.all == log)
        }
    }

    @Test func whatIsNotPublishedStays() async throws {
        struct BusIsAway: Error {}
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let shard = try await shard(of: storage.owner, in: storage)
            await #expect(throws: BusIsAway.self) {
                try await storage.outbox.drain(shard: shard, limit: 10) { _ in throw BusIsAway() }
            }
            let published = PublishedEvents()
            #expect(try await storage.outbox.drain(shard: shard, limit: 10) { published.append($0) } == .emptied)
            #expect(published.all.count == 2)
        }
    }

    @Test func oneRelayAtATimeHasAShard() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let shard = try await shard(of: storage.owner, in: storage)
            let taken = try await storage.outbox.drain(shard: shard, limit: 10) { events in
                #expect(events.count == 2)
                // While this one publishes, nobody else gets the shard, but any other.
                let second = try await storage.outbox.drain(shard: shard, limit: 10) { _ in Issue.record("taken twice")
                }
                #expect(second == .heldByAnother)
                let other = (shard + 1) % EventOutboxRepository.shardCount
                #expect(try await storage.outbox.drain(shard: other, limit: 10) { _ in } == .emptied)
            }
            #expect(taken == .emptied)
        }
    }

    @Test func manyRelaysPublishEveryEventOnceAndInOrder() async throws {
        try await withStorage(poolSize: 12) { storage in
            let published = PublishedEvents()
            let clients = try (0..<12).map { try #require(ClientID("client-\($0)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in clients {
                    group.addTask {
                        let session = try await storage.makeSession(of: client)
                        for _ in 0..<5 {
                            let begun = try await storage.begin(storage.exchange(in: session, of: client))
                            try await storage.finish(begun.response.id, of: client)
                        }
                    }
                }
                for _ in 0..<3 {
                    group.addTask {
                        while published.all.count < 120 {
                            for shard in try await storage.outbox.waitingShards() {
                                _ = try await storage.outbox.drain(shard: shard, limit: 3) { published.append($0) }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let seqs = Dictionary(grouping: published.all, by: \.clientID).mapValues { $0.map(\.seq) }
            #expect(seqs == Dictionary(uniqueKeysWithValues: clients.map { ($0, Array(1...10)) }))
            #expect(try await storage.outbox.waitingShards().isEmpty)
        }
    }

    @Test func anEventThatIsGoneIsPassedOver() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let shard = try await shard(of: storage.owner, in: storage)
            try await storage.database.query("DELETE FROM events WHERE seq = 1")
            let published = PublishedEvents()
            _ = try await storage.outbox.drain(shard: shard, limit: 10) { published.append($0) }
            #expect(published.all.map(\.seq) == [2])
            #expect(try await storage.outbox.waitingShards().isEmpty)
        }
    }

    @Test func aBatchIsBoundedByBytes() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let half = String(repeating: "long ", count: EventPage.maximumPayloadBytes / 10)
            let whole = String(repeating: "longer ", count: EventPage.maximumPayloadBytes / 7)
            for text in ["gone", half, whole] { _ = try await storage.converse(in: session, text: text) }
            try await storage.database.query("DELETE FROM events WHERE seq = 1")
            let shard = try await shard(of: storage.owner, in: storage)
            let batches = Mutex<[[Int64]]>([])
            var drains: [OutboxDrain] = []
            repeat {
                drains.append(
                    try await storage.outbox.drain(shard: shard, limit: 10) { events in
                        batches.withLock { $0.append(events.map(\.seq)) }
                    }
                )
            } while drains.last == .moreWaiting && drains.count < 10
            #expect(batches.withLock { $0 } == [[2, 3, 4], [5], [6]])
            #expect(drains == [.moreWaiting, .moreWaiting, .emptied])
            #expect(try await storage.outbox.waitingShards().isEmpty)
        }
    }
}
