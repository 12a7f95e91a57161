import ChatCore
import Foundation
import TestSupport
import Testing

/// Export and download, on real processes.
@Suite(.timeLimit(.minutes(5)))
struct ExportTests {
    private func export(
        _ session: String,
        _ format: String,
        _ scope: String,
        through api: APIClient
    ) async throws -> String {
        let answer = try await api.post(
            "/api/v1/sessions/\(session)/export",
            ["format": .string(format), "scope": .string(scope)]
        )
        #expect(answer.status == 200, "\(answer)")
        #expect(answer["expires_at"]?.stringValue ?? "" > Timestamp.now.advanced(bySeconds: 86_400).description)
        return try #require(answer["download_url"]?.stringValue)
    }

    /// Fetches a link as a browser would, without a token.
    private func download(_ url: String) async throws -> APIClient.Answer {
        try await APIClient(baseURL: "").get(url)
    }

    /// Validates a file by `docs/export.schema.json`, with a validator of somebody else's making.
    private func validate(_ bytes: [UInt8]) async throws {
        let directory = try TemporaryDirectory(prefix: "export")
        defer { directory.remove() }
        let path = directory.file("export.json")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let program = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            jsonschema.Draft202012Validator.check_schema(schema)
            jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
            """
        try await ChildProcess.check(
            try TestTools.path(of: "python"),
            ["-c", program, TestTools.package.appendingPathComponent("docs/export.schema.json").path, path]
        )
    }

    @Test("An export of every branch holds what the API shows, and either node hands it out")
    func everything() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let first = try await socket.converse("hello ``` <b>", in: session)
            _ = try await socket.converse("again", in: session)
            let other = try await cluster.addSessionType(["webhook_url": .string(cluster.backendURL)])
            _ = try await client.api().post(
                "/api/v1/sessions/\(session)/messages/multi",
                [
                    "content": "to both", "parent_message_id": .string(first.messageID),
                    "session_type_ids": [.string(cluster.sessionTypeID), .string(other)],
                ]
            )
            for (scope, count) in [("active", 4), ("all", 7)] {
                let url = try await export(session, "json", scope, through: client.api(0))
                let file = try await download(url)
                #expect(file.status == 200)
                #expect(file.headers["content-type"] == "application/json; charset=utf-8")
                #expect(
                    file.headers["content-disposition"] == "attachment; filename=\"session-\(session).json\""
                )
                #expect(file.headers["cache-control"] == "private, no-store")
                try await validate(file.bytes)
                #expect(file["scope"]?.stringValue == scope)
                #expect(file["session"] == (try await client.api().get("/api/v1/sessions/\(session)").body))
                let listed = try await client.api(1).get("/api/v1/sessions/\(session)/messages?path=\(scope)")
                #expect(file["messages"] == listed["messages"])
                #expect(file["message_count"] == .number(JSONNumber(count)))

                let path = try #require(url.firstRange(of: "/api/v1/")).lowerBound
                for node in 0..<2 {
                    #expect(try await cluster.api(node).get(String(url[path...])).bytes == file.bytes)
                }
            }
            let markdown = try await download(export(session, "markdown", "all", through: client.api(1)))
            let text = String(decoding: markdown.bytes, as: UTF8.self)
            #expect(text.contains("> hello ``` &lt;b>\n"))
            #expect(text.contains(" · variant 2 of 2 · message `"))
            let plain = try await download(export(session, "txt", "active", through: client.api(1)))
            #expect(String(decoding: plain.bytes, as: UTF8.self).contains("] User\n    to both\n"))
        }
    }

    @Test("Foreign sessions are not found, forged links forbidden, and nothing is written")
    func refusals() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let stranger = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            for id in [session, SessionID.make().description] {
                let answer = try await stranger.api().post(
                    "/api/v1/sessions/\(id)/export",
                    ["format": "json", "scope": "all"]
                )
                #expect(answer.status == 404)
                #expect(answer.errorCode == "SESSION_NOT_FOUND")
            }
            let url = try await export(session, "txt", "all", through: client.api())
            #expect(try await download(url).status == 200)
            let forged = try await download(String(url.dropLast()) + (url.last == "0" ? "1" : "0"))
            #expect(forged.status == 403)
            #expect(forged.errorCode == "FORBIDDEN")
            for body in ["[]", #"{"format":"json"}"#, #"{"format":"json","scope":"all","scope":"all"}"#] {
                let answer = try await client.api().send(
                    "POST",
                    "/api/v1/sessions/\(session)/export",
                    bytes: Array(body.utf8),
                    headers: APIClient.jsonHeaders
                )
                #expect(answer.status == 400)
            }
        }
    }

    @Test("A thousand messages are exported within the bound")
    func aThousandMessages() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            try await LongSession.fill(session, of: client, count: 1000)
            let began = ContinuousClock.now
            let url = try await export(session, "json", "all", through: client.api())
            #expect(ContinuousClock.now - began < .seconds(5))
            let file = try await download(url)
            #expect(file["message_count"] == 1000)
            try await validate(file.bytes)
        }
    }

    @Test("Exports go to S3 in parts, and the link is the bucket's own")
    func s3() async throws {
        let server = try await S3Server.start(checksSignatures: false)
        let environment = [
            "EXPORT_STORE": "s3://\(S3Server.bucket)/chat", "S3_ENDPOINT": server.endpoint,
            "AWS_ACCESS_KEY_ID": server.key.id, "AWS_SECRET_ACCESS_KEY": server.key.secret,
        ]
        let shape = TestCluster.Shape(apis: 1, gateways: 0, buses: 0, environment: environment)
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            // More than one part.
            try await LongSession.fill(session, of: client, count: 1000, bytesEach: 10_000)
            let url = try await export(session, "json", "active", through: client.api())
            #expect(url.hasPrefix("\(server.endpoint)/\(S3Server.bucket)/chat/\(session)-"))
            let file = try await download(url)
            #expect(file.status == 200)
            #expect(file["message_count"] == 1000)
            #expect(file.bytes.count > 10_000_000)
            try await validate(file.bytes)
            // The nodes hand out nothing themselves.
            let path = "/api/v1/exports/\(session)-\(String(repeating: "0", count: 64)).json?expires=1&signature=0"
            #expect(try await cluster.api().get(path).status == 403)

            await server.stop()
            let answer = try await client.api().post(
                "/api/v1/sessions/\(session)/export",
                ["format": "txt", "scope": "all"]
            )
            #expect(answer.status == 503)
            #expect(answer.errorCode == "SERVICE_UNAVAILABLE")
        }
    }
}

/// Sessions that would take long to talk into being.
enum LongSession {
    /// Puts a path of messages into an empty session, straight in the database.
    static func fill(_ session: String, of client: TestClient, count: Int, bytesEach: Int = 100) async throws {
        try await client.cluster.database.query(
            """
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, is_active, state,
                author_id, session_type_id, created_at)
            SELECT '\(client.id)', '\(session)', md5('\(session)' || number)::uuid,
                CASE WHEN number > 1 THEN md5('\(session)' || (number - 1))::uuid END, 'user',
                jsonb_build_array(jsonb_build_object('type', 'text', 'text', repeat('x', \(bytesEach)))), true,
                'complete', '\(client.id)', '\(client.cluster.sessionTypeID)', now() + number * interval '1 millisecond'
            FROM generate_series(1, \(count)) AS number
            """
        )
        try await client.cluster.database.query(
            """
            UPDATE sessions SET active_leaf_message_id = md5('\(session)' || \(count))::uuid
            WHERE session_id = '\(session)'
            """
        )
    }
}
