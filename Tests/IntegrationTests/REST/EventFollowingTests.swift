import ChatCore
import TestSupport
import Testing

/// Push events over REST: the same log and the same cursor as over the socket.
@Suite(.timeLimit(.minutes(5)))
struct EventFollowingTests {
    private func events(
        _ client: TestClient,
        after seq: Int64,
        _ more: String = "",
        through node: Int = 0
    ) async throws -> APIClient.Answer {
        let answer = try await client.api(node).get("/api/v1/events?after_seq=\(seq)\(more)")
        #expect(answer.status == 200, "\(answer)")
        return answer
    }

    private func seqs(_ answer: APIClient.Answer) -> [Int64] {
        (answer["events"]?.arrayValue ?? []).map { $0["seq"]?.integerValue ?? -1 }
    }

    @Test("Events over REST are the pushes of the socket, page by page")
    func samePayload() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let device = try await client.connect(gateway: 1)
            #expect(try await events(client, after: 0)["last_seq"] == 0)
            _ = try await client.connect().converse("hello \"you\" 🙂", in: session)
            let path = "/api/v1/sessions/\(session)"
            _ = try await client.api().send(
                "PATCH",
                path,
                body: ["metadata": ["title": "Ünïcode", "n": .number(JSONNumber(1.5))]]
            )
            _ = try await client.api(1).delete(path)
            let pushes = try await device.pushes(4)

            let whole = try await events(client, after: 0, through: 1)
            #expect(whole["events"]?.arrayValue?.map { $0["payload"] } == pushes.map(\.payload))
            #expect(whole["events"]?.arrayValue?.map { $0["type"]?.stringValue } == pushes.map(\.type))
            #expect(seqs(whole) == [1, 2, 3, 4])
            #expect(whole["last_seq"] == 4)
            #expect(whole["resync"] == false)

            let page = try await events(client, after: 1, "&limit=2")
            #expect(seqs(page) == [2, 3])
            #expect(page["last_seq"] == 3)
            #expect(seqs(try await events(client, after: 3)) == [4])
        }
    }

    @Test("A request that waits is answered by what happens on another node")
    func wait() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            async let waiting = events(client, after: 0, "&wait_seconds=30", through: 1)
            try await eventually("the node listens for the client") {
                try await cluster.redis.command("PUBSUB", "NUMSUB", "chat-engine:events:\(client.id)").contains("1")
                    ? true : nil
            }
            let socket = try await client.connect()
            let request = try await socket.say("/pace 50ms /words 10", in: session)
            #expect(seqs(try await waiting) == [1])
            #expect(seqs(try await events(client, after: 1, "&wait_seconds=30")) == [2])
            #expect(try await socket.stream(of: request).state == "complete")
        }
    }

    @Test("A cursor that cannot be served is told so, with the end of the log")
    func resync() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            _ = try await client.connect().converse("hello", in: session)
            let ahead = try await events(client, after: 3, "&wait_seconds=30")
            #expect(ahead.body == ["events": [], "last_seq": 2, "resync": true])
            try await cluster.database.query("DELETE FROM events WHERE client_id = '\(client.id)' AND seq = 1")
            #expect(try await events(client, after: 0).body == ["events": [], "last_seq": 2, "resync": true])
            #expect(seqs(try await events(client, after: 1)) == [2])
            // As if a thousand and more had happened.
            try await cluster.database.query(
                "UPDATE event_counters SET last_seq = 1002 WHERE client_id = '\(client.id)'"
            )
            #expect(try await events(client, after: 1)["resync"] == true)
        }
    }

    @Test("Who waits is answered without Redis, and at once when the node goes away")
    func faults() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, gateways: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let path = "/api/v1/sessions/\(session)"
            await cluster.redis.stop()
            async let waiting = events(client, after: 0, "&wait_seconds=30")
            _ = try await client.api().send("PATCH", path, body: ["metadata": ["title": "Beans"]])
            #expect(seqs(try await waiting) == [1])

            try await cluster.redis.start()
            for node in cluster.nodes { try await node.untilReady() }
            async let left = events(client, after: 1, "&wait_seconds=30")
            try await eventually("the node listens for the client") {
                try await cluster.redis.command("PUBSUB", "NUMSUB", "chat-engine:events:\(client.id)").contains("1")
                    ? true : nil
            }
            cluster.apis[0].askToTerminate()
            #expect(try await left.body == ["events": [], "last_seq": 1, "resync": false])
            #expect(try #require(await cluster.apis[0].untilExit()).isSuccess)
        }
    }
}
