import ChatCore
import TestSupport
import Testing

/// What is refused to clients of the first protocol, and how.
@Suite(.timeLimit(.minutes(5)))
struct LegacyRefusalTests {
    private static let id = "0191e6a0-0000-7000-8000-000000000000"

    /// The error says the same as REST's, of a payload.
    private func expectSame(_ old: Envelope, _ new: APIClient.Answer, _ type: String) {
        #expect(old.type == "response.error", "\(type): \(old)")
        expectErrorShape(old.payload)
        #expect(old["error_code"]?.stringValue == new.errorCode, "\(type)")
        let moved = fields(new.body).map { "payload.\($0)" }
        let message =
            new.errorCode == "INVALID_REQUEST"
            ? "The request is not valid: \(moved.joined(separator: ", "))." : new["message"]?.stringValue
        #expect(old["message"]?.stringValue == message, "\(type)")
        #expect(old["details"]?["resource_id"] == new["details"]?["resource_id"], "\(type)")
        #expect(fields(old.payload) == moved, "\(type)")
        #expect(old["deprecated"] == nil)
    }

    @Test("What is another client's, or nobody's, is answered with REST's error")
    func foreignIDs() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let owner = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: owner)
            let stranger = try await TestClient(of: cluster)
            let socket = try await stranger.connect(to: gateways[0])
            for (session, message) in [(scene.session, scene.message), (Self.id, Self.id)] {
                var pairs = LegacyPair.reads(
                    session: session,
                    message: message,
                    share: String(repeating: "A", count: 43)
                )
                pairs += LegacyPair.changes(session: session, message: message, type: scene.otherType)
                pairs.removeAll { $0.type == "session.create" || $0.type == "sessions.search" }
                #expect(Set(pairs.map(\.type)).count == 11)
                for pair in pairs {
                    let new = try await pair.ask(stranger.api())
                    #expect(new.status == 404, "\(pair.type): \(new)")
                    expectSame(try await socket.ask(pair.type, pair.payload), new, pair.type)
                }
            }
            #expect(try await owner.messages(of: scene.session).count == 2)
        }
    }

    @Test("What the operation itself refuses is answered with REST's error")
    func refusedRequests() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let socket = try await client.connect(to: gateways[0])
            let type = JSONValue.string(cluster.sessionTypeID)
            let deadType = try await cluster.addSessionType(["webhook_url": "http://127.0.0.1:1/"])
            let session = JSONValue.string(scene.session)
            let cursor = CursorToken.text(of: PageCursor(list: "sessions", keys: ["1"]))
            let pairs: [(pair: LegacyPair, status: Int)] = [
                (create(["session_type_id": .string(Self.id)]), 404),
                (create(["session_type_id": type, "client_id": "somebody-else"]), 403),
                (create(["session_type_id": .string(deadType)]), 502),
                (
                    LegacyPair(
                        "session.switch_type",
                        ["session_id": session, "new_session_type_id": .string(Self.id)],
                        "PATCH",
                        "/sessions/\(scene.session)/type",
                        ["new_session_type_id": .string(Self.id)],
                        as: ""
                    ),
                    404
                ),
                (
                    LegacyPair(
                        "session.share",
                        ["session_id": session, "expires_at": "2001-01-01T00:00:00Z"],
                        "POST",
                        "/sessions/\(scene.session)/share",
                        ["expires_at": "2001-01-01T00:00:00Z"],
                        as: ""
                    ),
                    400
                ),
                (
                    LegacyPair(
                        "message.list",
                        ["session_id": session, "cursor": .string(cursor)],
                        "GET",
                        "/sessions/\(scene.session)/messages?cursor=\(cursor)",
                        as: ""
                    ),
                    400
                ),
            ]
            for (pair, status) in pairs {
                let new = try await pair.ask(client.api())
                #expect(new.status == status, "\(pair.type): \(new)")
                expectSame(try await socket.ask(pair.type, pair.payload), new, pair.type)
            }
            let wrong = create(["session_type_id": 1, "metadata": [], "title": "x"])
            let new = try await wrong.ask(client.api())
            #expect(new.status == 400)
            expectSame(try await socket.ask(wrong.type, wrong.payload, isWrong: true), new, wrong.type)
        }
    }

    private func create(_ body: JSONValue) -> LegacyPair {
        LegacyPair("session.create", body, "POST", "/sessions", body, as: "/sessions")
    }

    static let badPayloads: [(type: String, payload: JSONValue, fields: Set<String>)] = [
        ("session.create", [:], ["session_type_id"]),
        ("session.get", [:], ["session_id"]),
        ("session.get", ["session_id": "1", "id": 1], ["session_id", "id"]),
        ("session.delete", ["session_id": 1], ["session_id"]),
        ("session.switch_type", ["session_id": .string(id)], ["new_session_type_id"]),
        ("session.export", ["format": "pdf", "scope": "all"], ["session_id", "format"]),
        ("session.share", ["session_id": .string(id), "expires_at": "soon"], ["expires_at"]),
        ("session.access_shared", ["token": "x", "limit": 1001], ["share_token", "token", "limit"]),
        ("session.search", ["query": "", "limit": 0, "offset": -1], ["session_id", "query", "limit", "offset"]),
        ("sessions.search", ["query": 1, "cursor": "1"], ["query", "cursor"]),
        (
            "message.list", ["session_id": .string(id), "path": "some", "order": "up", "limit": "10", "page": 2],
            ["path", "order", "limit", "page"]
        ),
        ("message.get", ["message_id": ["x"]], ["message_id"]),
        ("message.stop", ["message_id": .string(id), "force": true], ["force"]),
        ("message.get_variants", ["session_id": .string(id)], ["session_id", "message_id"]),
    ]

    @Test("A bad payload names every field, and the twentieth within a minute closes the connection")
    func badPayloads() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let socket = try await TestClient(of: cluster).connect(to: gateways[0])
            for bad in Self.badPayloads {
                let error = try await socket.ask(bad.type, bad.payload, isWrong: true)
                #expect(error["error_code"] == "INVALID_REQUEST", "\(bad.type): \(error)")
                #expect(Set(fields(error.payload)) == Set(bad.fields.map { "payload.\($0)" }), "\(bad.type)")
                expectErrorShape(error.payload)
            }
            for _ in Self.badPayloads.count..<20 { try await socket.send("session.get", [:], isWrong: true) }
            #expect(try await socket.closeCode() == 1008)
        }
    }

    @Test("What a phase does not serve is refused with REST's name for it, and is no bad input", arguments: [3, 4, 5])
    func phases(phase: Int) async throws {
        try await withLegacyGateways(phase: phase) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let socket = try await client.connect(to: gateways[0])
            var pairs = LegacyPair.reads(session: scene.session, message: scene.message, share: scene.share)
            if phase > 3 {
                pairs += LegacyPair.changes(session: scene.session, message: scene.message, type: scene.otherType)
            }
            for _ in 0..<3 {
                for pair in pairs {
                    let error = try await socket.ask(pair.type, pair.payload)
                    #expect(error.type == "response.error", "\(pair.type): \(error)")
                    #expect(error["error_code"] == "INVALID_REQUEST")
                    #expect(error["message"]?.stringValue?.contains(pair.operation) == true, "\(error)")
                    #expect(fields(error.payload).isEmpty)
                    expectErrorShape(error.payload)
                }
            }
            // Nothing was done, and the connection streams as before.
            #expect(try await client.api().get("/api/v1/sessions/\(scene.session)").status == 200)
            #expect(try await socket.converse("still here", in: scene.session).state == "complete")
            let metrics = String(decoding: try await gateways[0].ask("/metrics").bytes, as: UTF8.self)
            #expect(
                metrics.contains(
                    "chat_engine_legacy_operations_total{operation=\"session.get\",outcome=\"refused\"} 3\n"
                )
            )
        }
    }

    @Test("A gateway without a setting serves none of them")
    func defaultPhase() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let error = try await client.connect().ask("session.get", ["session_id": .string(session)])
            #expect(error["error_code"] == "INVALID_REQUEST")
            #expect(error["message"]?.stringValue?.contains("GET /api/v1/sessions/{id}") == true)
        }
    }
}
