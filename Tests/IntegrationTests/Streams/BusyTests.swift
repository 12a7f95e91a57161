import ChatCore
import TestSupport
import Testing

/// What becomes of a send whose parent still streams (`contract/semantics.md`, 'Concurrency').
@Suite(.timeLimit(.minutes(5)))
struct BusyTests {
    @Test("Sends that wait begin one after the other, in the order they came, over both gateways")
    func queue() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let sockets = [try await client.connect(gateway: 0), try await client.connect(gateway: 1)]
            let first = try await sockets[0].say("/pace 50ms /words 2000", in: session)
            let running = try await sockets[0].begun(first).string("message_id")
            var waiting: [(WebSocketClient, String)] = []
            for number in 0..<6 {
                let socket = sockets[number % 2]
                let request = try await socket.send(
                    "message.send",
                    ["session_id": .string(session), "content": .string("number \(number)"), "on_busy": "enqueue"]
                )
                waiting.append((socket, request))
                // The places are taken in the order of arrival: each is there before the next one comes.
                try await eventually("the request waits") {
                    let count = try await cluster.database.query(
                        "SELECT count(*) FROM waiting_requests WHERE session_id = '\(session)'"
                    )
                    return (Int(count) ?? 0) > number ? true : nil
                }
            }
            #expect(sockets.allSatisfy { socket in socket.waiting.allSatisfy { $0.type != "response.error" } })
            #expect(try await client.messages(of: session).count == 2)
            #expect(try await client.api().post("/api/v1/messages/\(running)/stop")["stopped"] == true)
            for (number, (socket, request)) in waiting.enumerated() {
                #expect(try await socket.stream(of: request).text == "number \(number)")
            }
            let questions = try await client.messages(of: session).filter { $0["role"] == "user" }
            #expect(questions.dropFirst().map(\.messageText) == (0..<6).map { "number \($0)" })
        }
    }

    @Test("Sends of one connection that come all at once are carried out in their order")
    func unpaced() async throws {
        let shape = TestCluster.Shape(apis: 1, gateways: 1, environment: ["MAX_CONCURRENT_STREAMS": "64"])
        try await withCluster(shape) { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            let sessions = [try await client.makeSession(), try await client.makeSession()]
            let payloads: [JSONValue] = (0..<40).map { number in
                [
                    "session_id": .string(sessions[number % 2]), "content": .string("number \(number)"),
                    "on_busy": "enqueue",
                ]
            }
            let requests = try await socket.sendTogether("message.send", payloads)
            for (number, request) in requests.enumerated() {
                #expect(try await socket.stream(of: request).text == "number \(number)")
            }
            for (place, session) in sessions.enumerated() {
                let questions = try await client.messages(of: session).filter { $0["role"] == "user" }
                #expect(questions.map(\.messageText) == (0..<20).map { "number \(2 * $0 + place)" })
            }
        }
    }

    @Test("A recreation that comes at once with a send of the same session comes before it")
    func unpacedRecreation() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            let session = try await client.makeSession()
            let answer = try await socket.converse("first", in: session)
            let (recreation, send) = (MessageID.make().description, MessageID.make().description)
            try await socket.sendTogether([
                [
                    "id": .string(recreation), "type": "message.recreate",
                    "payload": ["message_id": .string(answer.messageID), "on_busy": "enqueue"],
                ],
                [
                    "id": .string(send), "type": "message.send",
                    "payload": ["session_id": .string(session), "content": "second", "on_busy": "enqueue"],
                ],
            ])
            let again = try await socket.stream(of: recreation)
            let second = try await socket.stream(of: send)
            let parent = try await client.message(second.userMessageID)["parent_message_id"]
            #expect(parent?.stringValue == again.messageID)
        }
    }

    @Test("A send that interrupts stops the stream first", arguments: [0, 1])
    func interrupt(gateway: Int) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let start = try await socket.begun(request)
            let other = try await client.connect(gateway: gateway)
            let interrupting = try await other.send(
                "message.send",
                ["session_id": .string(session), "content": "instead", "on_busy": "interrupt"]
            )
            let answer = try await other.stream(of: interrupting)
            #expect(answer.text == "instead")
            #expect(try await socket.stream(of: request, start: start).state == "stopped")
            let parent = try await client.message(answer.userMessageID)["parent_message_id"]
            #expect(parent?.stringValue == start.string("message_id"))
        }
    }

    @Test("Streams on different branches of a session run side by side")
    func branches() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let root = try await socket.converse("root", in: session)
            let first = try await socket.say("/pace 30ms /words 30", in: session, parent: root.messageID)
            let second = try await socket.say("/pace 30ms /words 30", in: session, parent: root.messageID)
            let starts = (try await socket.begun(first), try await socket.begun(second))
            async let one = socket.stream(of: first, start: starts.0)
            async let two = socket.stream(of: second, start: starts.1)
            let answers = [try await one, try await two]
            for answer in answers {
                answer.expectWellFormed()
                #expect(answer.state == "complete")
            }
        }
    }

    @Test("The places of a gateway that is killed hold up those behind them no longer than its streams")
    func killedGateway() async throws {
        try await withCluster(TestCluster.Shape(apis: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let sockets = [try await client.connect(gateway: 0), try await client.connect(gateway: 1)]
            let running = try await sockets[1].say("/pace 50ms /words 2000", in: session)
            let message = try await sockets[1].begun(running).string("message_id")
            var waiting = ""
            for (number, socket) in sockets.enumerated() {
                waiting = try await socket.send(
                    "message.send",
                    ["session_id": .string(session), "content": .string("number \(number)"), "on_busy": "enqueue"]
                )
                try await eventually("the request waits") {
                    let count = try await cluster.database.query("SELECT count(*) FROM waiting_requests")
                    return Int(count) == number + 1 ? true : nil
                }
            }
            let expiry = try await cluster.database.query("SELECT max(expires_at - now()) FROM waiting_requests")
            #expect(expiry <= "00:00:08", "no longer than the lease of a node")
            await cluster.gateways[0].kill()
            #expect(try await client.api().post("/api/v1/messages/\(message)/stop")["stopped"] == true)
            #expect(try await sockets[1].stream(of: waiting).text == "number 1")
        }
    }

    @Test("What waits when its session is deleted is refused, or goes with the session")
    func deletedMeanwhile() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            _ = try await socket.begun(request)
            let waiting = try await socket.send(
                "message.send",
                ["session_id": .string(session), "content": "too late", "on_busy": "enqueue"]
            )
            try await socket.ping()
            #expect(try await client.api().delete("/api/v1/sessions/\(session)").status == 200)
            let answer = try await socket.expect {
                $0.requestID == waiting && ["response.error", "message.streaming.start"].contains($0.type)
            }
            if answer.type == "response.error" {
                #expect(["SESSION_NOT_FOUND", "CONFLICT"].contains(answer.string("error_code")))
            } else {
                // Its turn came between the stop of what was running and the deletion.
                let message = answer.string("message_id")
                #expect(try await client.api().get("/api/v1/messages/\(message)").status == 404)
            }
            let places = "SELECT count(*) FROM waiting_requests WHERE session_id = '\(session)'"
            #expect(try await cluster.database.query(places) == "0")
        }
    }
}
