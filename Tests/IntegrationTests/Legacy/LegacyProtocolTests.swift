import ChatCore
import TestSupport
import Testing

/// The operations of the first protocol, against REST's answer to the same request.
@Suite(.timeLimit(.minutes(5)))
struct LegacyProtocolTests {
    @Test("A read is answered with REST's body, byte for byte, and with what takes its place", arguments: [1, 2])
    func reads(phase: Int) async throws {
        try await withLegacyGateways(phase: phase) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let socket = try await client.connect(to: gateways[0])
            let pairs = LegacyPair.reads(session: scene.session, message: scene.message, share: scene.share)
            #expect(Set(pairs.map(\.type)).count == 7)
            for pair in pairs {
                let old = try await socket.ask(pair.type, pair.payload)
                let new = try await pair.ask(client.api())
                #expect(new.status == 200, "\(pair.type): \(new)")
                #expect(old.type == "response.success", "\(pair.type): \(old)")
                #expect(old["result"] == new.body, "\(pair.type)")
                #expect(old["deprecated"] == ["use": .string(pair.operation), "phase": .integer(phase)])
                #expect(old.payload.objectValue?.names == ["request_id", "result", "deprecated"])
            }
        }
    }

    @Test("A cursor of one way is good for the other")
    func cursors() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let socket = try await client.connect(to: gateways[0])
            let path = "/api/v1/sessions/\(scene.session)/messages?path=all&limit=1"
            let payload: JSONObject = ["session_id": .string(scene.session), "path": "all", "limit": 1]
            var cursor: JSONValue?
            for _ in 0..<3 {
                var asked = payload
                asked["cursor"] = cursor
                let old = try await socket.ask("message.list", .object(asked))
                let new = try await client.api().get(path + (cursor?.stringValue.map { "&cursor=\($0)" } ?? ""))
                #expect(new["messages"]?.arrayValue?.count == 1)
                #expect(old["result"] == new.body)
                cursor = new["next_cursor"]
            }
            #expect(cursor == .null)
        }
    }

    @Test("What changes something does what REST does, and is answered as there", arguments: [1, 3])
    func changes(phase: Int) async throws {
        try await withLegacyGateways(phase: phase) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let socket = try await client.connect(to: gateways[0])
            let pairs = LegacyPair.changes(session: scene.session, message: scene.message, type: scene.otherType)
            #expect(Set(pairs.map(\.type)).count == 6)
            for pair in pairs {
                let old = try await socket.ask(pair.type, pair.payload)
                #expect(old.type == "response.success", "\(pair.type): \(old)")
                #expect(old["deprecated"] == ["use": .string(pair.operation), "phase": .integer(phase)])
                let result = try #require(old["result"])
                guard pair.type != "session.delete" else {
                    #expect(result == ["deleted": true])
                    expectError(try await pair.ask(client.api()), 404, "SESSION_NOT_FOUND")
                    continue
                }
                let new = try await pair.ask(client.api())
                #expect((200...201).contains(new.status))
                #expect(result.objectValue?.names == new.body.objectValue?.names)
                try await check(result, of: pair.type, against: new, client: client)
            }
        }
    }

    private func check(
        _ result: JSONValue,
        of type: String,
        against new: APIClient.Answer,
        client: TestClient
    ) async throws {
        switch type {
        case "session.create":
            #expect(result["available_capabilities"] == new["available_capabilities"])
            let id = try #require(result["session_id"]?.stringValue)
            let session = try await client.api().get("/api/v1/sessions/\(id)")
            #expect(session["metadata"] == ["title": "A plan"])
        case "session.export":
            let url = try #require(result["download_url"]?.stringValue)
            #expect(result["expires_at"]?.stringValue ?? "" > Timestamp.now.advanced(bySeconds: 86_400).description)
            // The load balancer's address stands in the link; any REST node hands the file out.
            let file = try await APIClient(baseURL: url).get("")
            #expect(file.status == 200)
            #expect(String(decoding: file.bytes, as: UTF8.self).contains("What grows beside maize?"))
        case "session.share":
            #expect(result["expires_at"] == "2099-12-31T23:59:59.000Z")
            let token = try #require(result["share_token"]?.stringValue)
            #expect(result["share_url"]?.stringValue?.hasSuffix("/api/v1/share/\(token)") == true)
            #expect(try await client.cluster.api().get("/api/v1/share/\(token)").status == 200)
        default:
            #expect(result == new.body)
        }
    }

    @Test("A running stream of another connection is stopped")
    func stop() async throws {
        try await withLegacyGateways(phase: 3) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let device = try await client.connect()
            let request = try await device.say("/pace 50ms /words 2000", in: session)
            let start = try await device.begun(request)
            let chunks = try await device.chunks(1, of: request)
            let socket = try await client.connect(to: gateways[0])
            let id = JSONValue.string(start.string("message_id"))
            let answer = try await socket.ask("message.stop", ["message_id": id])
            #expect(answer["result"] == ["stopped": true, "partial_message_id": id])
            #expect(try await device.stream(of: request, start: start, chunks: chunks).state == "stopped")
        }
    }

    @Test("Other devices hear of what was changed")
    func pushes() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let device = try await client.connect()
            let socket = try await client.connect(to: gateways[0])
            _ = try await socket.ask("session.delete", ["session_id": .string(session)])
            for connection in [device, socket] {
                let push = try await connection.expect("session.updated")
                #expect(push.string("session_id") == session)
                #expect(push["updates"] == ["deleted": true])
            }
        }
    }

    @Test("A share is read by any client, and shows no more than to anybody")
    func sharedSession() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            let stranger = try await TestClient(of: cluster).connect(to: gateways[0])
            let answer = try await stranger.ask("session.access_shared", ["share_token": .string(scene.share)])
            #expect(answer["result"]?["read_only"] == true)
            #expect(answer["result"] == (try await cluster.api().get("/api/v1/share/\(scene.share)").body))
            #expect(!answer.payload.text.contains(client.id))
        }
    }
}
