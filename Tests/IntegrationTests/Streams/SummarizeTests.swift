import ChatCore
import TestSupport
import Testing

/// `session.summarize`: streamed, and kept in the session's metadata.
@Suite(.timeLimit(.minutes(5)))
struct SummarizeTests {
    @Test("A summary is streamed, stored, and told to other devices")
    func summary() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            _ = try await client.api().send(
                "PATCH",
                "/api/v1/sessions/\(session)",
                body: ["metadata": ["title": "Kept"]]
            )
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            _ = try await socket.converse("one", in: session)
            let request = try await socket.send("session.summarize", ["session_id": .string(session)])
            let summary = try await socket.stream(of: request)
            summary.expectWellFormed()
            #expect(summary.text == "2 messages were echoed.")
            #expect(summary.state == "complete")
            #expect(summary.end["variant_info"] == nil)

            let metadata: JSONValue = ["title": "Kept", "summary": "2 messages were echoed."]
            let stored = try await client.api(1).get("/api/v1/sessions/\(session)")
            #expect(stored["metadata"]?.sorted == metadata.sorted)
            let push = try await device.expect("session.updated")
            #expect(push["updates"]?.sorted == (["metadata": metadata] as JSONValue).sorted)
            #expect(try await client.messages(of: session).count == 2)

            // Watched again, from another gateway, by its id.
            var seen = ResumedStream()
            try await seen.follow(device, try await device.resume(summary.messageID, from: 0))
            #expect(seen.text == summary.text)
            #expect(seen.state == "complete")
            let stop = try await client.api().post("/api/v1/messages/\(summary.messageID)/stop")
            #expect(stop["stopped"] == false)
        }
    }

    @Test("A type that does not summarize refuses, and a service of its own is asked where there is one")
    func types() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let off = try await cluster.addSessionType([
                "webhook_url": .string(cluster.backendURL), "summarization": ["enabled": false],
            ])
            let socket = try await client.connect(gateway: 0)
            let session = try await client.makeSession(type: off)
            let refused = try await socket.send("session.summarize", ["session_id": .string(session)])
            #expect(try await socket.expect("response.error", requestID: refused)["error_code"] == "INVALID_REQUEST")

            let backend = try await cluster.startBackend()
            let elsewhere = try await cluster.addSessionType([
                "webhook_url": .string(cluster.backendURL),
                "summarization": [
                    "enabled": true, "service_url": .string(TestCluster.url(of: backend)),
                    "settings": ["style": "short"],
                ],
            ])
            let other = try await client.makeSession(type: elsewhere)
            let request = try await socket.send("session.summarize", ["session_id": .string(other)])
            #expect(try await socket.stream(of: request).text == "0 messages were echoed.")
            #expect(try await TestCluster.statistics(of: backend)["calls"]?["session.summary"] == 1)
            await backend.terminate()
        }
    }

    @Test("A summary of a foreign session is refused as of none")
    func foreign() async throws {
        try await withSharedCluster { cluster in
            let session = try await TestClient(of: cluster).makeSession()
            let stranger = try await TestClient(of: cluster).connect(gateway: 0)
            let request = try await stranger.send("session.summarize", ["session_id": .string(session)])
            #expect(
                try await stranger.expect("response.error", requestID: request)["error_code"] == "SESSION_NOT_FOUND"
            )
        }
    }
}
