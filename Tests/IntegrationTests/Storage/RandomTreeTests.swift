import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Whatever several nodes do to the same sessions at once, for their owner and for guests, the tree keeps every rule of
/// `contract/semantics.md`, 'Message tree', the owner's active path is the owner's, and the event log keeps its numbers.
@Suite(.timeLimit(.minutes(5)))
struct RandomTreeTests {
    private static let nodes = 3
    private static let writersPerNode = 4
    private static let stepsPerWriter = 60
    private static let sessions = 4

    @Test func concurrentWritersLeaveAValidTree() async throws {
        let seed = SeededGenerator.chooseSeed(for: "RandomTreeTests")
        try await withStorage { storage in
            try await GuestAudit.begin(in: storage.database)
            let forest = SharedForest()
            for _ in 0..<Self.sessions { forest.add(try await storage.makeSession()) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in 0..<Self.nodes {
                    group.addTask { try await Self.runNode(node, seed: seed, on: storage, forest) }
                }
                try await group.waitForAll()
            }
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
            try await GuestAudit.check(storage.database)
            try await storage.checkPairsOfTypeAndCapabilities()
            try await storage.checkEventsOfChanges(deleted: forest.deleted)
            #expect(forest.deleted > 0, "TEST_SEED=\(seed)")
        }
    }

    /// One node: connections and a session type of its own, and several writers.
    private static func runNode(
        _ number: Int,
        seed: UInt64,
        on storage: StorageFixture,
        _ forest: SharedForest
    ) async throws {
        try await withRunningClient(of: storage.database) { client in
            let node = StorageFixture(database: storage.database, client: client, owner: storage.owner)
            try await node.sessionTypes.createSessionType(node.type)
            _ = try await node.leases.renewLease(of: node.node, seconds: 600)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writersPerNode {
                    let own = seed &+ UInt64(number * writersPerNode + writer)
                    group.addTask {
                        var writer = RandomTreeWriter(storage: node, forest: forest, seed: own)
                        do {
                            for _ in 0..<stepsPerWriter { try await writer.step() }
                        } catch {
                            throw TestSupportError("TEST_SEED=\(seed): \(writer.lastStep): \(error)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

extension StorageFixture {
    /// Every switch stored the capability that is named after its type.
    fileprivate func checkPairsOfTypeAndCapabilities() async throws {
        let odd = try await database.query(
            """
            SELECT count(*) FROM sessions
            WHERE available_capabilities <> '[]'
                AND available_capabilities -> 0 ->> 'id' NOT LIKE session_type_id || ':%'
            """
        )
        #expect(odd == "0")
    }

    /// The log tells the owner of every deletion once, and owner and author of every message of the sessions that are left
    /// once it has ended.
    fileprivate func checkEventsOfChanges(deleted: Int) async throws {
        let deletions = try await database.query(
            """
            SELECT count(*), count(DISTINCT payload ->> 'session_id') FROM events
            WHERE kind = 'session.updated' AND payload -> 'updates' ->> 'deleted' = 'true'
            """
        )
        #expect(deletions == "\(deleted)|\(deleted)")
        let untold = try await database.query(
            """
            SELECT count(*) FROM messages
            CROSS JOIN LATERAL (SELECT messages.client_id UNION SELECT messages.author_id) AS recipient (id)
            WHERE (state <> 'streaming')::integer <> (
                SELECT count(*) FROM events
                WHERE events.client_id = recipient.id AND kind = 'message.created'
                    AND payload -> 'message' ->> 'message_id' = messages.message_id::text
            )
            """
        )
        #expect(untold == "0")
    }
}
