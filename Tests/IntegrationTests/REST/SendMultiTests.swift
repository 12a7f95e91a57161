import ChatCore
import TestSupport
import Testing

/// `POST /sessions/{id}/messages/multi`, on real processes.
@Suite(.timeLimit(.minutes(5)))
struct SendMultiTests {
    private func send(_ body: JSONObject, to session: String, through api: APIClient) async throws -> APIClient.Answer {
        try await api.post("/api/v1/sessions/\(session)/messages/multi", .object(body))
    }

    @Test("Several backends answer one message; their answers are variants in the order of the request")
    func variantsInOrder() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let other = try await cluster.addSessionType(["webhook_url": .string(cluster.backendURL)])
            let closed = try await cluster.addSessionType(["webhook_url": "http://127.0.0.1:1/"])
            let session = try await client.makeSession()
            let device = try await client.connect(gateway: 1)

            let types = [other, closed, cluster.sessionTypeID]
            let answer = try await send(
                ["content": "one two three", "session_type_ids": .array(types.map { .string($0) })],
                to: session,
                through: client.api(0)
            )
            #expect(answer.status == 200)
            let user = try #require(answer["user_message"])
            #expect(user["role"] == "user")
            let responses = try #require(answer["responses"]?.arrayValue)
            #expect(responses.map { $0["session_type_id"]?.stringValue } == types)
            #expect(responses.map { $0["message"]?["variant_index"] } == [0, 1, 2])
            #expect(responses.map { $0["message"]?["is_active"] } == [true, false, false])
            #expect(responses.map { $0["message"]?["session_type_id"]?.stringValue } == types)
            #expect(responses.allSatisfy { $0["message"]?["parent_message_id"] == user["message_id"] })
            #expect(responses.allSatisfy { $0["message"]?["variant_info"]?["total_variants"] == 3 })
            #expect(responses.map { $0["message"]?["metadata"]?["state"] } == ["complete", "failed", "complete"])
            #expect(responses[1]["error"]?["error_code"] == "BACKEND_ERROR")
            #expect(responses[0]["error"] == nil)
            #expect(responses[2]["message"]?["content"] == [["type": "text", "text": "one two three"]])

            let pushes = try await device.pushes(4)
            #expect(pushes.map { $0["seq"] } == [1, 2, 3, 4])
            let stored = try await client.messages(of: session, through: 1)
            #expect(stored.map(\.sorted) == [user, responses[0]["message"]].compactMap { $0?.sorted })
            let unchanged = try await client.api(1).get("/api/v1/sessions/\(session)")
            #expect(unchanged["session_type_id"]?.stringValue == cluster.sessionTypeID)
        }
    }

    @Test("An answer of several is stopped by itself, through the other node")
    func stopOneOfThem() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let other = try await cluster.addSessionType(["webhook_url": .string(cluster.backendURL)])
            let session = try await client.makeSession()
            async let answering = send(
                [
                    "content": "/pace 100ms /words 600",
                    "session_type_ids": [.string(cluster.sessionTypeID), .string(other)],
                ],
                to: session,
                through: client.api(0)
            )
            let running = try await eventually("both answers run") { () -> [String]? in
                let all = try await client.api(1).get("/api/v1/sessions/\(session)/messages?path=all")
                let ids = (all["messages"]?.arrayValue ?? []).filter { $0["role"] == "assistant" }
                return ids.count == 2 ? ids.compactMap { $0["message_id"]?.stringValue } : nil
            }
            for id in running.reversed() {
                let stopped = try await client.api(1).post("/api/v1/messages/\(id)/stop")
                #expect(stopped.body == ["stopped": true, "partial_message_id": .string(id)])
            }
            let answer = try await answering
            let responses = try #require(answer["responses"]?.arrayValue)
            #expect(responses.map { $0["message"]?["metadata"]?["state"] } == ["stopped", "stopped"])
            #expect(responses.allSatisfy { $0["error"] == nil })
        }
    }

    @Test("What is refused writes nothing")
    func refusals() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let type = JSONValue.string(cluster.sessionTypeID)
            let unknown = JSONValue.string(SessionTypeID.make().description)
            let cases: [(JSONObject, Int, String)] = [
                (["content": "a"], 400, "session_type_ids"),
                (["content": "a", "session_type_ids": []], 400, "session_type_ids"),
                (["content": "a", "session_type_ids": [type, type]], 400, "session_type_ids[1]"),
                (["content": "a", "session_type_ids": ["x"]], 400, "session_type_ids[0]"),
                (
                    ["content": "a", "session_type_ids": .array(Array(repeating: unknown, count: 9))], 400,
                    "session_type_ids"
                ),
                (["content": "", "session_type_ids": [type]], 400, "content"),
                (["content": "a", "session_type_ids": [type], "extra": 1], 400, "extra"),
                (
                    ["content": "a", "session_type_ids": [type], "enabled_capabilities": ["nope"]], 400,
                    "enabled_capabilities[0]"
                ),
                (["content": "a", "session_type_ids": [type, unknown]], 404, "session_type_ids[1]"),
            ]
            for (body, status, field) in cases {
                let answer = try await send(body, to: session, through: client.api(0))
                #expect(answer.status == status)
                let fields = answer["details"]?["validation_errors"]?.arrayValue?.map { $0["field"]?.stringValue }
                #expect(fields == [field])
            }
            let foreign = try await TestClient(of: cluster)
            let refused = try await send(
                ["content": "a", "session_type_ids": [type]],
                to: session,
                through: foreign.api(0)
            )
            #expect(refused.status == 404)
            #expect(refused.errorCode == "SESSION_NOT_FOUND")
            #expect(try await client.messages(of: session).isEmpty)
        }
    }
}
