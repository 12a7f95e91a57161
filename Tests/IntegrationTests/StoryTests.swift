import ChatCore
import TestSupport
import Testing

/// One message, all the way, as a client of the public address lives it.
@Suite(.timeLimit(.minutes(5)))
struct StoryTests {
    @Test("A message goes through the load balancer, is answered, stored, and pushed to another device")
    func conversation() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let created = try await client.publicAPI.post(
                "/api/v1/sessions",
                ["session_type_id": .string(cluster.sessionTypeID), "metadata": ["title": "Story"]]
            )
            #expect(created.status == 201)
            let session = try #require(created["session_id"]?.stringValue)
            #expect(created.headers["location"]?.hasSuffix("/api/v1/sessions/\(session)") == true)
            #expect(created["available_capabilities"]?.arrayValue?.first?["id"] == "echo")

            let (phone, gateway) = try await client.connectPublicly()
            let laptop = try await client.connect(gateway: 1 - gateway)
            let answer = try await phone.converse("the quick brown fox", in: session)

            answer.expectWellFormed()
            #expect(answer.chunks.count == 4)
            #expect(answer.chunks.allSatisfy { $0["chunk"]?["type"] == "text" })
            #expect(answer.text == "the quick brown fox")
            #expect(answer.start.string("session_id") == session)
            #expect(answer.end.type == "message.streaming.complete")
            #expect(answer.state == "complete")
            #expect(answer.end["metadata"]?["usage"]?["output_tokens"] == 4)

            let messages = try await client.messages(of: session)
            #expect(messages.map { $0["role"]?.stringValue } == ["user", "assistant"])
            #expect(messages.map(\.messageText) == ["the quick brown fox", "the quick brown fox"])
            #expect(messages.map { $0["message_id"]?.stringValue } == [answer.userMessageID, answer.messageID])
            #expect(messages.map { $0["is_complete"] } == [true, true])
            #expect(messages.last?["parent_message_id"]?.stringValue == answer.userMessageID)

            for device in [laptop, phone] {
                let pushes = try await device.pushes(2)
                #expect(sequence(pushes) == [1, 2])
                #expect(pushes.map { $0["message"]?.sorted } == messages.map(\.sorted))
                #expect(pushes.allSatisfy { $0.string("session_id") == session })
            }
        }
    }

    @Test("An answer is stopped through a REST node that does not own it", arguments: [0, 1])
    func stop(node: Int) async throws {
        try await withSharedCluster { cluster in
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession(type: type)
            let socket = try await client.connect(gateway: node)
            let device = try await client.connect(gateway: 1 - node)
            let first = try await socket.converse("first", in: session)
            #expect(first.state == "complete")

            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let start = try await socket.begun(request)
            let chunks = try await socket.chunks(3, of: request)
            let id = start.string("message_id")
            let stopped = try await client.api(node).post("/api/v1/messages/\(id)/stop")
            #expect(stopped.status == 200)
            #expect(stopped.body == ["stopped": true, "partial_message_id": .string(id)])

            let answer = try await socket.stream(of: request, start: start, chunks: chunks)
            answer.expectWellFormed()
            #expect(answer.end.type == "message.streaming.complete")
            #expect(answer.state == "stopped")
            let message = try await client.message(id, through: 1 - node)
            #expect(message["is_complete"] == false)
            #expect(message.messageState == "stopped")
            #expect(message.messageText == answer.text)
            #expect(try await device.created(id)["message"]?.sorted == message.sorted)

            let again = try await client.api(1 - node).post("/api/v1/messages/\(id)/stop")
            #expect(again.status == 200)
            #expect(again.body == ["stopped": false, "partial_message_id": .string(id)])
            try await eventually("the backend sees that its stream was given up") {
                let statistics = try await TestCluster.statistics(of: backend)
                return statistics["cancelled"] == 1 && statistics["active_streams"] == 0 ? true : nil
            }
            await backend.terminate()
        }
    }

    @Test("The conversation goes on after a stopped answer, under it")
    func continuation() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let start = try await socket.begun(request)
            _ = try await socket.chunks(1, of: request)

            let tooEarly = try await socket.say("too early", in: session)
            let refusal = try await socket.expect("response.error", requestID: tooEarly)
            #expect(refusal["error_code"] == "CONFLICT")
            let stopped = try await client.api(1).post("/api/v1/messages/\(start.string("message_id"))/stop")
            #expect(stopped["stopped"] == true)
            let next = try await socket.converse("now then", in: session)
            #expect(next.state == "complete")
            let messages = try await client.messages(of: session)
            #expect(messages.map { $0["role"]?.stringValue } == ["user", "assistant", "user", "assistant"])
            #expect(messages.map { $0["is_complete"] } == [true, false, true, true])
        }
    }

    @Test("A device that comes back with its last seq gets what it missed, before anything new")
    func missedPushes() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            _ = try await socket.converse("one", in: session)
            _ = try await socket.converse("two", in: session)
            #expect(sequence(try await socket.pushes(4)) == [1, 2, 3, 4])

            let device = try await client.connect(gateway: 1, lastSeq: 1)
            _ = try await socket.converse("three", in: session)
            #expect(sequence(try await device.pushes(5)) == [2, 3, 4, 5, 6])
        }
    }
}
