import ChatCore
import TestSupport
import Testing

/// What a device that comes back is told of what it missed (`contract/semantics.md`, 'Push events').
@Suite(.timeLimit(.minutes(5)))
struct ReplayTests {
    /// Writes so many events for a client, as the transactions they tell of do.
    private func write(_ count: Int, to client: TestClient, in cluster: TestCluster) async throws {
        let session = SessionID.make()
        try await cluster.database.query(
            """
            SELECT count(append_session_updated('\(client.id)', '\(session)', '{"metadata": {}}'))
            FROM generate_series(1, \(count))
            """
        )
    }

    @Test(
        "A thousand missed events are told, one more is a resync, and new ones follow either",
        arguments: [1000, 1001]
    )
    func reach(count: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            try await write(count, to: client, in: cluster)
            let device = try await client.connect(lastSeq: 0)
            if count == 1000 {
                #expect(sequence(try await device.pushes(count)) == Array(1...Int64(count)))
            } else {
                #expect(try await device.expect("connection.resync")["last_seq"] == .integer(count))
                #expect(device.waiting.isEmpty)
            }
            try await write(1, to: client, in: cluster)
            #expect(sequence(try await device.pushes(1)) == [Int64(count) + 1])
        }
    }

    @Test("A number that nobody ever wrote is a resync")
    func ahead() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            try await write(3, to: client, in: cluster)
            let device = try await client.connect(lastSeq: 4)
            #expect(try await device.expect("connection.resync")["last_seq"] == 3)
            #expect(try await cluster.gateways[0].metric("chat_engine_resyncs_total") >= 1)
        }
    }

    @Test(
        "Events that the log has no more, or that are older than a day, are a resync",
        arguments: [
            "DELETE FROM events WHERE client_id = $ AND seq <= 3", "DELETE FROM events WHERE client_id = $ AND seq = 7",
            "UPDATE events SET created_at = created_at - interval '25 hours' WHERE client_id = $ AND seq <= 5",
        ]
    )
    func gone(change: String) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            try await write(10, to: client, in: cluster)
            let statement = change.split(separator: "$").joined(separator: "'\(client.id)'")
            try await cluster.database.query(statement)
            let device = try await client.connect(lastSeq: 2)
            #expect(try await device.expect("connection.resync")["last_seq"] == 10)
            let other = try await client.connect(gateway: 1, lastSeq: 8)
            #expect(sequence(try await other.pushes(2)) == [9, 10])
            #expect(try await cluster.gateways[1].metric("chat_engine_push_events_replayed_total") >= 2)
        }
    }

    @Test("Two clients whose ids only look alike hear nothing of each other")
    func lookAlikes() async throws {
        try await withSharedCluster { cluster in
            let suffix = MessageID.make().description
            let one = try await TestClient(of: cluster, id: "jos\u{e9}-\(suffix)")
            let other = try await TestClient(of: cluster, id: "jose\u{301}-\(suffix)")
            let session = try await one.makeSession()
            let socket = try await one.connect()
            let stranger = try await other.connect()
            _ = try await socket.converse("mine alone", in: session)
            #expect(sequence(try await socket.pushes(2)) == [1, 2])
            // What the stranger hears first is its own.
            let own = try await other.makeSession()
            let answer = try await stranger.converse("another's", in: own)
            let pushes = try await stranger.pushes(2)
            #expect(sequence(pushes) == [1, 2])
            #expect(pushes.last?["message"]?["message_id"]?.stringValue == answer.messageID)
            #expect(try await other.api().get("/api/v1/sessions/\(session)").status == 404)
        }
    }
}
