import ChatCore
import TestSupport
import Testing

/// `Idempotency-Key`, on real processes.
@Suite(.timeLimit(.minutes(5)))
struct RepetitionTests {
    private func post(
        _ path: String,
        _ body: JSONValue? = nil,
        key: String,
        through api: APIClient
    ) async throws -> APIClient.Answer {
        let headers = (body == nil ? [] : APIClient.jsonHeaders) + [(name: "idempotency-key", value: key)]
        return try await api.send("POST", "/api/v1" + path, bytes: body?.bytes, headers: headers)
    }

    private func sessionCount(_ client: TestClient) async throws -> Int? {
        try await client.api().get("/api/v1/sessions?limit=100")["sessions"]?.arrayValue?.count
    }

    @Test("Every POST answers a repetition on another node as it answered first, and does nothing twice")
    func everyPost() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let administrator = try await Tokens.sign(client: client.id, isAdministrator: true)
            let type = JSONValue.string(cluster.sessionTypeID)
            let session = try await client.makeSession()
            let multi = "/sessions/\(session)/messages/multi"
            let sent = try await post(
                multi,
                ["content": "a", "session_type_ids": [type]],
                key: "0",
                through: client.api()
            )
            let message = try #require(sent["responses"]?.arrayValue?.first?["message"]?["message_id"]?.stringValue)
            let requests: [(path: String, body: JSONValue?, status: Int)] = [
                ("/sessions", ["session_type_id": type], 201),
                ("/session-types", ["name": "a", "webhook_url": .string(cluster.backendURL)], 201),
                ("/sessions/\(session)/share", nil, 201),
                ("/sessions/\(session)/export", ["format": "txt", "scope": "active"], 200),
                (multi, ["content": "b", "session_type_ids": [type]], 200),
                ("/messages/\(message)/activate", nil, 200),
                ("/messages/\(message)/reaction", ["reaction_type": "like"], 200),
                ("/messages/\(message)/stop", nil, 200),
                ("/messages/\(MessageID.make())/stop", nil, 404),
                ("/sessions", [:], 400),
            ]
            for (number, request) in requests.enumerated() {
                let key = "every-\(number)"
                let first = try await post(
                    request.path,
                    request.body,
                    key: key,
                    through: cluster.api(0, token: administrator)
                )
                #expect(first.status == request.status, "\(request.path): \(first)")
                let again = try await post(
                    request.path,
                    request.body,
                    key: key,
                    through: cluster.api(1, token: administrator)
                )
                #expect(again.status == first.status)
                #expect(again.bytes == first.bytes)
                for header in ["location", "content-type", "x-request-id"] {
                    #expect(again.headers[header] == first.headers[header])
                }
                #expect(first.headers["idempotent-replayed"] == nil)
                #expect(again.headers["idempotent-replayed"] == "true")
            }
            #expect(try await sessionCount(client) == 2)
            #expect(try await client.messages(of: session).count == 4)
            let shares = try await client.api().get("/api/v1/sessions/\(session)/shares")
            #expect(shares["shares"]?.arrayValue?.count == 1)
        }
    }

    @Test("Of equal requests that arrive at both nodes at once, one is carried out and all have its answer")
    func atOnce() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let body: JSONValue = ["session_type_id": .string(cluster.sessionTypeID)]
            for round in 0..<5 {
                let answers = try await withThrowingTaskGroup(of: APIClient.Answer.self) { group in
                    for index in 0..<16 {
                        group.addTask {
                            try await self.post("/sessions", body, key: "r-\(round)", through: client.api(index % 2))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0.status == 201 })
                #expect(Set(answers.map(\.bytes)).count == 1)
                #expect(answers.filter { $0.headers["idempotent-replayed"] == nil }.count == 1)
                #expect(try await sessionCount(client) == round + 1)
            }
        }
    }

    @Test("A key is for one request of one client")
    func anotherRequest() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let body: JSONValue = ["session_type_id": .string(cluster.sessionTypeID)]
            let first = try await post("/sessions", body, key: "k", through: client.api(0))
            let session = try #require(first["session_id"]?.stringValue)
            let other: JSONValue = ["session_type_id": .string(cluster.sessionTypeID), "metadata": [:]]
            for (path, body) in [("/sessions", other), ("/sessions/\(session)/share", body)] {
                let answer = try await post(path, body, key: "k", through: client.api(1))
                #expect(answer.status == 409)
                #expect(answer.errorCode == "CONFLICT")
            }
            for key in ["", "a b", String(repeating: "k", count: 256)] {
                let answer = try await post("/sessions", body, key: key, through: client.api(1))
                #expect(answer.status == 400)
                #expect(answer["details"]?["validation_errors"]?.arrayValue?.first?["field"] == "Idempotency-Key")
            }
            #expect(try await sessionCount(client) == 1)
            let stranger = try await TestClient(of: cluster)
            let foreign = try await post("/sessions", body, key: "k", through: stranger.api(1))
            #expect(foreign.status == 201)
            #expect(foreign["session_id"] != first["session_id"])
        }
    }

    @Test(
        "A request whose node died before it kept its answer is answered with what was written"
    )
    func deadNode() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let body: JSONValue = ["session_type_id": .string(cluster.sessionTypeID)]
            let first = try await post("/sessions", body, key: "k", through: client.api(0))
            // As a node leaves it that is killed before it can keep its answer.
            try await cluster.database.query(
                """
                UPDATE kept_answers
                SET answer = NULL, holder_id = gen_random_uuid(), lease_expires_at = now() + interval '2 s'
                WHERE client_id = '\(client.id)'
                """
            )
            let again = try await post("/sessions", body, key: "k", through: client.api(1))
            #expect(again.status == 201)
            #expect(again.headers["idempotent-replayed"] == nil)
            #expect(again.bytes == first.bytes)
            #expect(try await sessionCount(client) == 1)
            let replayed = try await post("/sessions", body, key: "k", through: client.api(0))
            #expect(replayed.bytes == again.bytes)
        }
    }

    @Test("A conflict is not kept: the request is carried out once what was in its way is gone")
    func conflicts() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let start = try await socket.begun(try await socket.say("/pace 50ms /words 3000", in: session))
            let path = "/sessions/\(session)/messages/multi"
            let body: JSONValue = ["content": "a", "session_type_ids": [.string(cluster.sessionTypeID)]]
            #expect(try await post(path, body, key: "k", through: client.api(0)).errorCode == "CONFLICT")
            let stopped = try await client.api().post("/api/v1/messages/\(start.string("message_id"))/stop")
            #expect(stopped["stopped"] == true)
            let answer = try await post(path, body, key: "k", through: client.api(1))
            #expect(answer.status == 200)
            #expect(answer.headers["idempotent-replayed"] == nil)
        }
    }

    @Test("A fault is not kept; a key is free again after 24 h")
    func whatIsNotKept() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let type = try await cluster.addSessionType(["webhook_url": "http://127.0.0.1:1/"])
            let body: JSONValue = ["session_type_id": .string(type)]
            #expect(try await post("/sessions", body, key: "k", through: client.api(0)).status == 502)
            let administrator = try await Tokens.sign(client: "administrator", isAdministrator: true)
            let repaired = try await cluster.api(token: administrator).send(
                "PUT",
                "/api/v1/session-types/\(type)",
                body: ["name": "repaired", "webhook_url": .string(cluster.backendURL)]
            )
            #expect(repaired.status == 200)
            let created = try await post("/sessions", body, key: "k", through: client.api(1))
            #expect(created.status == 201)
            for (age, isKept) in [("23 h 59 min", true), ("24 h", false)] {
                try await cluster.database.query(
                    """
                    UPDATE kept_answers SET created_at = now() - interval '\(age)' WHERE client_id = '\(client.id)'
                    """
                )
                let later = try await post("/sessions", body, key: "k", through: client.api(0))
                #expect(later.status == 201)
                #expect((later.bytes == created.bytes) == isKept)
            }
        }
    }
}
