import ChatCore
import TestSupport
import Testing

/// What REST answers to requests it cannot serve (`contract/rest.md`, 'Statuses and codes').
@Suite(.timeLimit(.minutes(5)))
struct RESTErrorTests {
    private static let nobody = "0191e6a0-0000-7000-8000-000000000000"

    @Test("A bad token is refused with 401, and told so", arguments: BadToken.allCases)
    func badToken(_ bad: BadToken) async throws {
        try await withSharedCluster { cluster in
            let answer = try await cluster.api(token: try await bad.make()).get("/api/v1/sessions")
            expectError(answer, 401, "AUTH_REQUIRED")
            #expect(answer.headers["www-authenticate"] == "Bearer error=\"invalid_token\"")
        }
    }

    @Test("No token, or none of ours, is refused with 401")
    func noToken() async throws {
        try await withSharedCluster { cluster in
            expectError(try await cluster.api().get("/api/v1/sessions"), 401, "AUTH_REQUIRED")
            let token = try await TestClient(of: cluster).token
            expectError(try await cluster.api().get("/api/v1/sessions?token=\(token)"), 401, "AUTH_REQUIRED")
            for scheme in ["Basic dXNlcjpwYXNz", "Bearer", token] {
                let answer = try await cluster.api().send(
                    "GET",
                    "/api/v1/sessions",
                    bytes: nil,
                    headers: [("authorization", scheme)]
                )
                expectError(answer, 401, "AUTH_REQUIRED")
            }
        }
    }

    @Test("Administration and another client's name are refused with 403")
    func forbidden() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            expectError(
                try await client.api().post(
                    "/api/v1/session-types",
                    ["name": "x", "webhook_url": "http://127.0.0.1/"]
                ),
                403,
                "FORBIDDEN"
            )
            expectError(
                try await client.api().post(
                    "/api/v1/sessions",
                    ["session_type_id": .string(cluster.sessionTypeID), "client_id": "somebody-else"]
                ),
                403,
                "FORBIDDEN"
            )
        }
    }

    @Test("What is another client's is answered as what does not exist")
    func notFound() async throws {
        try await withSharedCluster { cluster in
            let owner = try await TestClient(of: cluster)
            let session = try await owner.makeSession()
            let socket = try await owner.connect()
            let answer = try await socket.converse("mine", in: session)
            let stranger = try await TestClient(of: cluster)

            for id in [session, Self.nobody] {
                let error = try await stranger.api().get("/api/v1/sessions/\(id)")
                expectError(error, 404, "SESSION_NOT_FOUND")
                #expect(error["message"] == "There is no such session.")
                expectError(
                    try await stranger.api().get("/api/v1/sessions/\(id)/messages"),
                    404,
                    "SESSION_NOT_FOUND"
                )
            }
            for id in [answer.messageID, Self.nobody] {
                expectError(try await stranger.api().get("/api/v1/messages/\(id)"), 404, "MESSAGE_NOT_FOUND")
                expectError(try await stranger.api().post("/api/v1/messages/\(id)/stop"), 404, "MESSAGE_NOT_FOUND")
            }
            expectError(try await stranger.api().get("/api/v1/nonsense"), 404, "NOT_FOUND")
            expectError(
                try await stranger.api().post("/api/v1/sessions", ["session_type_id": .string(Self.nobody)]),
                404,
                "NOT_FOUND"
            )
            #expect(try await stranger.api().get("/api/v1/sessions")["sessions"] == [])
        }
    }

    @Test("A method that a path does not have is refused with 405 and the ones it has")
    func methodNotAllowed() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let answer = try await client.api().send("PUT", "/api/v1/sessions", body: [:])
            expectError(answer, 405, "METHOD_NOT_ALLOWED")
            let allowed = Set((answer.headers["allow"] ?? "").split(separator: ",").map { $0.filter { $0 != " " } })
            #expect(allowed.isSuperset(of: ["GET", "POST"]))
            #expect(!allowed.contains("PUT"))
        }
    }

    @Test("A body that is too large or no JSON is refused, announced or not")
    func badBody() async throws {
        try await withSharedCluster { cluster in
            let api = try await TestClient(of: cluster).api()
            let large = Array(repeating: UInt8(ascii: " "), count: 1_048_577)
            expectError(
                try await api.send("POST", "/api/v1/sessions", bytes: large, headers: APIClient.jsonHeaders),
                413,
                "PAYLOAD_TOO_LARGE"
            )
            let body = Array("{}".utf8)
            for type in ["text/plain", "application/xml"] {
                let answer = try await api.send(
                    "POST",
                    "/api/v1/sessions",
                    bytes: body,
                    headers: [("content-type", type)]
                )
                expectError(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
            }
        }
    }

    static let badSessions: [(body: String, field: String?)] = [
        ("{", nil),
        ("", nil),
        ("[]", nil),
        ("{}", "session_type_id"),
        (#"{"session_type_id": 7}"#, "session_type_id"),
        (#"{"session_type_id": "seven"}"#, "session_type_id"),
        (#"{"session_type_id": "0191e6a0-0000-7000-8000-000000000000", "mood": 1}"#, "mood"),
        (#"{"session_type_id": "0191e6a0-0000-7000-8000-000000000000", "metadata": []}"#, "metadata"),
        (#"{"session_type_id": "0191e6a0-0000-7000-8000-000000000000", "metadata": {"n": 1e999999}}"#, "metadata.n"),
        (
            #"{"session_type_id": "0191e6a0-0000-7000-8000-000000000000", "metadata": {"n": ["\u0000"]}}"#,
            "metadata.n[0]"
        ),
    ]

    @Test("A bad body is refused with 400 that names the field", arguments: badSessions)
    func badSession(body: String, field: String?) async throws {
        try await withSharedCluster { cluster in
            let answer = try await TestClient(of: cluster).api().send(
                "POST",
                "/api/v1/sessions",
                bytes: Array(body.utf8),
                headers: APIClient.jsonHeaders
            )
            expectError(answer, 400, "INVALID_REQUEST")
            if let field { #expect(fields(answer.body) == [field]) }
        }
    }

    @Test(
        "Bad parameters are refused with 400 that names them",
        arguments: [("limit=0", "limit"), ("limit=101", "limit"), ("limit=many", "limit"), ("cursor=x", "cursor")]
    )
    func badQuery(query: String, field: String) async throws {
        try await withSharedCluster { cluster in
            let answer = try await TestClient(of: cluster).api().get("/api/v1/sessions?\(query)")
            expectError(answer, 400, "INVALID_REQUEST")
            #expect(fields(answer.body) == [field])
        }
    }

    @Test("A session type is refused for every field at fault")
    func badSessionType() async throws {
        try await withSharedCluster { cluster in
            let token = try await Tokens.sign(client: "administrator", isAdministrator: true)
            let answer = try await cluster.api(token: token).post(
                "/api/v1/session-types",
                ["webhook_url": "ftp://example.org/", "timeout_seconds": 301, "colour": "red"]
            )
            expectError(answer, 400, "INVALID_REQUEST")
            #expect(Set(fields(answer.body)) == ["name", "webhook_url", "timeout_seconds", "colour"])
            let taken = try await cluster.api(token: token).post(
                "/api/v1/session-types",
                ["session_type_id": .string(cluster.sessionTypeID), "name": "x", "webhook_url": "http://127.0.0.1:1/"]
            )
            expectError(taken, 409, "CONFLICT")
        }
    }

    @Test("Sessions are listed newest activity first, page by page")
    func pages() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            var sessions: [String] = []
            for index in 0..<5 { sessions.append(try await client.makeSession(through: client.api(index % 2))) }
            let socket = try await client.connect()
            _ = try await socket.converse("again", in: sessions[1])
            var seen: [String] = []
            var cursor: String?
            repeat {
                let answer = try await client.api().get(
                    "/api/v1/sessions?limit=2" + (cursor.map { "&cursor=\($0)" } ?? "")
                )
                seen += (answer["sessions"]?.arrayValue ?? []).compactMap { $0["session_id"]?.stringValue }
                cursor = answer["next_cursor"]?.stringValue
            } while cursor != nil && seen.count <= sessions.count
            #expect(seen == [1, 4, 3, 2, 0].map { sessions[$0] })
        }
    }
}
