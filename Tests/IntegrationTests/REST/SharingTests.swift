import ChatCore
import TestSupport
import Testing

/// Sharing, on real processes.
@Suite(.timeLimit(.minutes(5)))
struct SharingTests {
    private func share(_ session: String, by api: APIClient, _ body: JSONValue? = nil) async throws -> String {
        let answer = try await api.post("/api/v1/sessions/\(session)/share", body)
        #expect(answer.status == 201)
        return try #require(answer["share_token"]?.stringValue)
    }

    private func read(_ token: String, through index: Int, of cluster: TestCluster) async throws -> APIClient.Answer {
        try await cluster.api(index).get("/api/v1/share/\(token)")
    }

    /// A user message and an answer for each of the session types.
    private func converse(_ client: TestClient, in session: String, types: [String]? = nil) async throws -> JSONValue {
        let types = types ?? [client.cluster.sessionTypeID]
        let answer = try await client.api().post(
            "/api/v1/sessions/\(session)/messages/multi",
            ["content": "hello", "session_type_ids": .array(types.map { .string($0) })]
        )
        #expect(answer.status == 200)
        return answer.body
    }

    @Test("A share is read through any node without a token, until it is revoked through any")
    func lifeOfAShare() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            _ = try await converse(client, in: session)
            let created = try await client.api(0).post("/api/v1/sessions/\(session)/share")
            let token = try #require(created["share_token"]?.stringValue)
            #expect(created["share_url"]?.stringValue?.hasSuffix("/api/v1/share/\(token)") == true)
            #expect(created["expires_at"] == .null)

            let shared = try await read(token, through: 1, of: cluster)
            #expect(shared.status == 200)
            #expect(shared["session_id"]?.stringValue == session)
            #expect(shared["read_only"] == true)
            #expect(shared["next_cursor"] == .null)
            #expect(shared.headers["cache-control"] == "public, max-age=5, must-revalidate")
            let own = try await client.messages(of: session)
            let seen = try #require(shared["messages"]?.arrayValue)
            #expect(seen.map { $0["message_id"] } == own.map { $0["message_id"] })
            #expect(seen.map { $0["content"] } == own.map { $0["content"] })
            #expect(seen.allSatisfy { $0["author_id"] == "owner" })
            #expect(!String(decoding: shared.bytes, as: UTF8.self).contains(client.id))

            let list = try await client.api(1).get("/api/v1/sessions/\(session)/shares")
            let id = try #require(list["shares"]?.arrayValue?.first?["share_id"]?.stringValue)
            #expect(created.headers["location"] == "/api/v1/sessions/\(session)/shares/\(id)")
            let other = try await share(session, by: client.api(1))
            for (name, index) in [(id, 1), (other, 0)] {
                let revoked = try await client.api(index).delete("/api/v1/sessions/\(session)/shares/\(name)")
                #expect(revoked.body == ["revoked": true])
            }
            for index in 0...1 {
                #expect(try await read(token, through: index, of: cluster).errorCode == "NOT_FOUND")
                #expect(try await read(other, through: index, of: cluster).errorCode == "NOT_FOUND")
                let again = try await client.api(index).delete("/api/v1/sessions/\(session)/shares/\(token)")
                #expect(again.status == 404)
                #expect(again.errorCode == "NOT_FOUND")
            }
            let empty = try await client.api(1).get("/api/v1/sessions/\(session)/shares")
            #expect(empty.body == ["shares": []])
        }
    }

    @Test("A share shows the owner's active path as it is at the moment, page by page if asked")
    func activePath() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let other = try await cluster.addSessionType(["webhook_url": .string(cluster.backendURL)])
            let session = try await client.makeSession()
            let token = try await share(session, by: client.api())
            #expect(try await read(token, through: 1, of: cluster)["messages"] == [])
            let sent = try await converse(client, in: session, types: [cluster.sessionTypeID, other])
            let answers = (sent["responses"]?.arrayValue ?? []).compactMap { $0["message"]?["message_id"]?.stringValue }
            try #require(answers.count == 2)

            let before = try await read(token, through: 1, of: cluster)
            #expect(before["messages"]?.arrayValue?.last?["message_id"]?.stringValue == answers[0])
            let tag = try #require(before.headers["etag"])
            let path = "/api/v1/share/\(token)"
            let known = [(name: "if-none-match", value: tag)]
            #expect(try await cluster.api(0).send("GET", path, bytes: nil, headers: known).status == 304)
            #expect(try await client.api().post("/api/v1/messages/\(answers[1])/activate").status == 200)
            let after = try await cluster.api(0).send("GET", path, bytes: nil, headers: known)
            #expect(after.status == 200)
            #expect(after["messages"]?.arrayValue?.last?["message_id"]?.stringValue == answers[1])

            let first = try await cluster.api(0).get("\(path)?limit=1")
            let cursor = try #require(first["next_cursor"]?.stringValue)
            let second = try await cluster.api(1).get("\(path)?limit=1&cursor=\(cursor)")
            #expect(second["messages"]?.arrayValue?.map { $0["message_id"]?.stringValue } == [answers[1]])
            #expect(second["next_cursor"] == .null)
        }
    }

    @Test("A share ends at its time, and with its session")
    func ends() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let end = Timestamp(microsecondsSince1970: Timestamp.now.microsecondsSince1970 + 2_000_000)
            let brief = try await share(session, by: client.api(), ["expires_at": .string(end.description)])
            let lasting = try await share(session, by: client.api())
            #expect(try await read(brief, through: 1, of: cluster).status == 200)
            let over = try await eventually("the share has expired") {
                let answer = try await self.read(brief, through: 1, of: cluster)
                return answer.status == 404 ? answer : nil
            }
            #expect(over.errorCode == "NOT_FOUND")
            #expect(Timestamp.now >= end)
            let list = try await client.api().get("/api/v1/sessions/\(session)/shares")
            #expect(list["shares"]?.arrayValue?.count == 1)
            let revoked = try await client.api().delete("/api/v1/sessions/\(session)/shares/\(brief)")
            #expect(revoked.errorCode == "NOT_FOUND")

            #expect(try await read(lasting, through: 1, of: cluster).status == 200)
            #expect(try await client.api(0).delete("/api/v1/sessions/\(session)").status == 200)
            #expect(try await read(lasting, through: 1, of: cluster).errorCode == "NOT_FOUND")
        }
    }

    @Test("Of another's session nothing is shared, listed or revoked, and nobody learns that it exists")
    func foreignSessions() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let stranger = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let token = try await share(session, by: client.api())
            let unknown = SessionID.make().description
            for (method, suffix) in [("POST", "share"), ("GET", "shares"), ("DELETE", "shares/\(token)")] {
                var answers: [JSONValue?] = []
                for id in [session, unknown] {
                    let answer = try await stranger.api().send(method, "/api/v1/sessions/\(id)/\(suffix)")
                    #expect(answer.status == 404)
                    #expect(answer.errorCode == "SESSION_NOT_FOUND")
                    answers.append(answer["message"])
                }
                #expect(answers[0] == answers[1])
            }
            // A token opens its own session alone, also for its owner.
            let own = try await client.makeSession()
            #expect(try await client.api().delete("/api/v1/sessions/\(own)/shares/\(token)").errorCode == "NOT_FOUND")
            #expect(try await read(token, through: 0, of: cluster).status == 200)
        }
    }

    @Test("Tokens are stored as their SHA-256 alone, also as part of a kept answer")
    func storedTokens() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let path = "/api/v1/sessions/\(session)/share"
            let answer = try await client.api().send("POST", path, bytes: nil, headers: [("idempotency-key", "k")])
            let token = try #require(answer["share_token"]?.stringValue)
            let bytes = try #require(ShareToken(token)).bytes
            let hexadecimal = bytes.map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
            let hashes = try await cluster.database.query(
                "SELECT token_hash = sha256('\\x\(hexadecimal)') FROM shares WHERE session_id = '\(session)'"
            )
            #expect(hashes == "t")
            for table in ["shares", "kept_answers"] {
                let rows = try await cluster.database.query("SELECT \(table)::text FROM \(table)")
                #expect(!rows.isEmpty)
                let inHexadecimal = token.utf8.map { String($0, radix: 16) }.joined()
                for text in [token, hexadecimal, inHexadecimal] { #expect(!rows.contains(text)) }
            }
        }
    }

    @Test("A session has 100 shares at most, however many are asked for at once over two nodes")
    func boundedNumber() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<110 {
                    group.addTask {
                        try await client.api(index % 2).post("/api/v1/sessions/\(session)/share").status
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [201: 100, 409: 10])
            let list = try await client.api().get("/api/v1/sessions/\(session)/shares")
            #expect(list["shares"]?.arrayValue?.count == 100)
        }
    }
}
