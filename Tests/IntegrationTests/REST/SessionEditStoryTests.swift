import ChatCore
import TestSupport
import Testing

/// Edits of sessions on real nodes, as another device of the owner sees them.
@Suite(.timeLimit(.minutes(5)))
struct SessionEditStoryTests {
    private func session(_ id: String, of client: TestClient, through node: Int = 1) async throws -> JSONValue {
        try await client.api(node).get("/api/v1/sessions/\(id)").body
    }

    @Test("A patch of the metadata is pushed whole, one that changes nothing is not")
    func metadata() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let id = try await client.makeSession()
            let device = try await client.connect()
            let path = "/api/v1/sessions/\(id)"
            let patches: [JSONValue] = [["title": "A", "tags": ["x"]], ["title": "A"], ["tags": nil]]
            for patch in patches {
                let answer = try await client.api().send("PATCH", path, body: ["metadata": patch])
                #expect(answer.status == 200, "\(answer)")
                #expect(answer.body == (try await session(id, of: client)))
            }
            let pushes = try await device.pushes(2)
            #expect(sequence(pushes) == [1, 2])
            #expect(pushes.map(\.type) == ["session.updated", "session.updated"])
            #expect(pushes.allSatisfy { $0.string("session_id") == id })
            #expect(pushes.last?["updates"] == ["metadata": ["title": "A"]])
        }
    }

    @Test("A switched session is answered by its new backend; when that fails, nothing changes")
    func switchType() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let id = try await client.makeSession()
            let device = try await client.connect(gateway: 1)
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
            let gone = try await cluster.addSessionType(["webhook_url": "http://127.0.0.1:1/"])
            let path = "/api/v1/sessions/\(id)/type"
            let before = try await session(id, of: client)
            expectError(
                try await client.api().send("PATCH", path, body: ["new_session_type_id": .string(gone)]),
                502,
                "BACKEND_ERROR"
            )
            #expect(try await session(id, of: client) == before)

            let answer = try await client.api().send("PATCH", path, body: ["new_session_type_id": .string(type)])
            #expect(answer.status == 200, "\(answer)")
            #expect(answer["session_id"]?.stringValue == id)
            #expect(answer["session_type_id"]?.stringValue == type)
            #expect(answer["available_capabilities"] == before["available_capabilities"])
            // The capabilities are the same, so they are not told of.
            let push = try await device.pushes(1)
            #expect(push.first?["updates"] == ["session_type_id": .string(type)])
            #expect(try await device.converse("hello", in: id).state == "complete")
            let statistics = try await TestCluster.statistics(of: backend)
            #expect(statistics["calls"]?["session.created"] == 1)
            #expect(statistics["calls"]?["message.new"] == 1)
        }
    }

    @Test("A deleted session takes its running answer with it", arguments: [0, 1])
    func delete(node: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
            let id = try await client.makeSession(type: type)
            let socket = try await client.connect(gateway: node)
            let device = try await client.connect(gateway: 1 - node)
            let request = try await socket.say("/pace 50ms /words 10000", in: id)
            let start = try await socket.begun(request)
            let message = start.string("message_id")
            _ = try await socket.chunks(2, of: request)

            let answer = try await client.api().delete("/api/v1/sessions/\(id)")
            #expect(answer.status == 200, "\(answer)")
            #expect(answer.body == ["deleted": true])
            let record = try await socket.stream(of: request, start: start)
            #expect(record.state == "stopped")
            let last = try await device.expect("session.updated")
            #expect(last["updates"] == ["deleted": true])
            #expect(last.string("session_id") == id)
            try await eventually("the backend is cut off") {
                try await TestCluster.statistics(of: backend)["active_streams"] == 0 ? true : nil
            }
            for path in ["/sessions/\(id)", "/sessions/\(id)/messages"] {
                expectError(try await client.api(1).get("/api/v1\(path)"), 404, "SESSION_NOT_FOUND")
            }
            for path in ["/messages/\(message)", "/messages/\(message)/variants"] {
                expectError(try await client.api(1).get("/api/v1\(path)"), 404, "MESSAGE_NOT_FOUND")
            }
            expectError(try await client.api(1).delete("/api/v1/sessions/\(id)"), 404, "SESSION_NOT_FOUND")
        }
    }

    @Test("A variant off the active path is brought back onto it")
    func activate() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let id = try await client.makeSession()
            let socket = try await client.connect()
            let root = try await socket.converse("root", in: id)
            let first = try await socket.converse("first", in: id)
            let second = try await socket.converse("second", in: id, parent: root.messageID)
            let path = "/api/v1/messages/\(first.userMessageID)"
            let shown = try await client.api().get("\(path)/variants")
            #expect(shown.status == 200)
            #expect(shown.headers["etag"] != nil)
            #expect(
                shown["variants"]?.arrayValue?.compactMap { $0["message_id"]?.stringValue }
                    == [first.userMessageID, second.userMessageID]
            )
            #expect(shown["current_index"] == 1)

            let activated = try await client.api().post("/api/v1/messages/\(first.messageID)/activate")
            #expect(activated.status == 200, "\(activated)")
            #expect(activated.body == (try await client.message(first.messageID, through: 1)))
            #expect(try await client.api(1).get("\(path)/variants")["current_index"] == 0)
            #expect(
                try await client.messages(of: id, through: 1).map { $0["message_id"]?.stringValue }
                    == [root.userMessageID, root.messageID, first.userMessageID, first.messageID]
            )
            // What is sent next goes on where the user is.
            let next = try await socket.converse("next", in: id)
            #expect(
                try await client.message(next.userMessageID)["parent_message_id"]?.stringValue == first.messageID
            )
            let reaction = try await client.api(1).post("\(path)/reaction", ["reaction_type": "like"])
            #expect(
                reaction.body == [
                    "message_id": .string(first.userMessageID), "reaction_type": "like", "applied": true,
                ]
            )
        }
    }
}
