import ChatCore
import Foundation
import TestSupport
import Testing

/// The id of an envelope as the idempotency key of what it asks for.
@Suite(.timeLimit(.minutes(5)))
struct LegacyRepetitionTests {
    private func newID() -> String { UUID().uuidString.lowercased() }

    private func sessionCount(_ client: TestClient) async throws -> Int? {
        try await client.api().get("/api/v1/sessions?limit=100")["sessions"]?.arrayValue?.count
    }

    @Test("What changes something is done once for an id, and answered again as it was answered first")
    func everyChange() async throws {
        try await withLegacyGateways(2, phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let sockets = (try await client.connect(to: gateways[0]), try await client.connect(to: gateways[1]))
            let pairs = LegacyPair.changes(session: scene.session, message: scene.message, type: scene.otherType)
            for pair in pairs {
                let id = newID()
                let first = try await sockets.0.ask(pair.type, pair.payload, id: id)
                #expect(first.type == "response.success", "\(pair.type): \(first)")
                for socket in [sockets.1, sockets.0] {
                    let again = try await socket.ask(pair.type, pair.payload, id: id)
                    #expect(again.type == "response.success")
                    #expect(again.payload == first.payload, "\(pair.type)")
                }
            }
            #expect(try await sessionCount(client) == 1)
            let gone = try await sockets.0.ask("session.delete", ["session_id": .string(scene.session)])
            #expect(gone["error_code"] == "SESSION_NOT_FOUND")
        }
    }

    @Test("Of equal envelopes that arrive at both gateways at once, one is carried out and all have its answer")
    func atOnce() async throws {
        try await withLegacyGateways(2, phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let payload: JSONValue = ["session_type_id": .string(cluster.sessionTypeID)]
            let id = newID()
            let answers = try await withThrowingTaskGroup(of: Envelope.self) { group in
                for index in 0..<16 {
                    group.addTask {
                        try await client.connect(to: gateways[index % 2]).ask("session.create", payload, id: id)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.type == "response.success" }, "\(answers)")
            #expect(Set(answers.map(\.payload)).count == 1)
            #expect(try await sessionCount(client) == 1)
        }
    }

    @Test("An id is for one request of one client, whatever the order of its fields")
    func anotherRequest() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect(to: gateways[0])
            let type = JSONValue.string(cluster.sessionTypeID)
            let id = newID()
            let first = try await socket.ask(
                "session.create",
                ["session_type_id": type, "metadata": ["a": 1, "b": 2]],
                id: id
            )
            let session = try #require(first["result"]?["session_id"])
            let sorted = try await socket.ask(
                "session.create",
                ["metadata": ["b": 2, "a": 1], "session_type_id": type],
                id: id
            )
            #expect(sorted["result"] == first["result"])
            for (other, payload) in [
                ("session.create", ["session_type_id": type]), ("session.share", ["session_id": session]),
            ] as [(String, JSONValue)] {
                let conflict = try await socket.ask(other, payload, id: id)
                #expect(conflict["error_code"] == "CONFLICT", "\(conflict)")
            }
            let overREST = try await client.api().send(
                "POST",
                "/api/v1/sessions",
                bytes: (["session_type_id": type] as JSONValue).bytes,
                headers: APIClient.jsonHeaders + [(name: "idempotency-key", value: id)]
            )
            expectError(overREST, 409, "CONFLICT")
            #expect(try await sessionCount(client) == 1)
            let stranger = try await TestClient(of: cluster)
            let foreign = try await stranger.connect(to: gateways[0])
                .ask("session.create", ["session_type_id": type, "metadata": ["a": 1, "b": 2]], id: id)
            #expect(foreign.type == "response.success")
            #expect(foreign["result"] != first["result"])
        }
    }

    @Test("A refusal is given again as it was given first; a fault is not")
    func refusals() async throws {
        try await withLegacyGateways(phase: 3) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect(to: gateways[0])
            let id = newID()
            let payload: JSONValue = ["message_id": .string(newID())]
            let first = try await socket.ask("message.stop", payload, id: id)
            #expect(first["error_code"] == "MESSAGE_NOT_FOUND")
            #expect(try await socket.ask("message.stop", payload, id: id).payload == first.payload)

            let type = try await cluster.addSessionType(["webhook_url": "http://127.0.0.1:1/"])
            let create: JSONValue = ["session_type_id": .string(type)]
            let other = newID()
            let fault = try await socket.ask("session.create", create, id: other)
            #expect(fault["error_code"] == "BACKEND_ERROR")
            let administrator = try await Tokens.sign(client: "administrator", isAdministrator: true)
            let repaired = try await cluster.api(token: administrator).send(
                "PUT",
                "/api/v1/session-types/\(type)",
                body: ["name": "repaired", "webhook_url": .string(cluster.backendURL)]
            )
            #expect(repaired.status == 200)
            #expect(try await socket.ask("session.create", create, id: other).type == "response.success")
        }
    }

    @Test("A read is carried out each time, whatever its id")
    func reads() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(to: gateways[0])
            let id = newID()
            let payload: JSONValue = ["session_id": .string(session)]
            #expect(try await socket.ask("session.get", payload, id: id)["result"]?["metadata"] == [:])
            let patched = try await client.api().send(
                "PATCH",
                "/api/v1/sessions/\(session)",
                body: ["metadata": ["title": "new"]]
            )
            #expect(patched.status == 200)
            #expect(try await socket.ask("session.get", payload, id: id)["result"] == patched.body)
        }
    }
}
