import ChatCore
import TestSupport
import Testing

/// What becomes of a stream whose client is gone (`contract/semantics.md`, 'The life of a stream').
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DisconnectTests {
    private func cancelling(_ text: String, in session: String) -> JSONValue {
        ["session_id": .string(session), "content": .string(text), "on_disconnect": "cancel"]
    }

    @Test("A stream that is to be cancelled with its client is abandoned when nobody comes back")
    func abandoned() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, environment: ["STREAM_GRACE_SECONDS": "1"])) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let device = try await client.connect(gateway: 1)
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.send(
                "message.send",
                cancelling("/pace 50ms /words 2000", in: session)
            )
            let message = try await socket.begun(request).string("message_id")
            _ = try await socket.chunks(3, of: request)
            try await socket.abort()
            let push = try await device.created(message)
            #expect(push["message"]?.messageState == "abandoned")
            #expect(push["message"]?["is_complete"] == false)
            #expect(push["message"]?.messageText.hasPrefix("word1 word2 word3") == true)
            try await eventually("the backend sees that its stream was given up") {
                try await TestCluster.statistics(of: cluster.backend)["cancelled"] == 1 ? true : nil
            }
            // Whoever comes too late is told how it ended.
            let late = try await client.connect(gateway: 0)
            var seen = ResumedStream()
            try await seen.follow(late, try await late.resume(message, from: nil))
            #expect(seen.state == "abandoned")
            #expect(seen.text == push["message"]?.messageText)
        }
    }

    @Test("It goes on when its client comes back in time, on whatever gateway", arguments: [0, 1])
    func back(gateway: Int) async throws {
        try await withCluster(TestCluster.Shape(apis: 1, environment: ["STREAM_GRACE_SECONDS": "8"])) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.send("message.send", cancelling("/pace 50ms /words 320", in: session))
            let message = try await socket.begun(request).string("message_id")
            var answer = ResumedStream()
            try await answer.follow(socket, request, upTo: 3)
            try await socket.abort()
            // The stream takes 16 s, twice as long as its client may stay away.
            let back = try await client.connect(gateway: gateway)
            try await answer.follow(back, try await back.resume(message, from: answer.nextChunk))
            #expect(answer.state == "complete")
            #expect(answer.text == (try await client.message(message)).messageText)
        }
    }

    @Test("A stream that is to go on does, and is stored whole")
    func goesOn() async throws {
        try await withCluster(TestCluster.Shape(apis: 1, environment: ["STREAM_GRACE_SECONDS": "0"])) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let device = try await client.connect(gateway: 1)
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 20ms /words 100", in: session)
            let message = try await socket.begun(request).string("message_id")
            _ = try await socket.chunks(3, of: request)
            try await socket.abort()
            let push = try await device.created(message)
            #expect(push["message"]?.messageState == "complete")
            #expect(push["message"]?.messageText.hasSuffix("word100") == true)
        }
    }

    @Test("A stream whose gateway is killed is told as interrupted to who goes on with it elsewhere")
    func killedOwner() async throws {
        try await withCluster(TestCluster.Shape(apis: 1)) { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let message = try await socket.begun(request).string("message_id")
            let device = try await client.connect(gateway: 1)
            var seen = ResumedStream()
            let watching = try await device.resume(message, from: 0)
            try await seen.follow(device, watching, upTo: 30)
            await cluster.gateways[0].kill()
            try await seen.follow(device, watching)
            #expect(seen.end?["error_code"] == "SERVICE_UNAVAILABLE")
            let stored = try await client.message(message)
            #expect(stored.messageState == "interrupted")
            #expect(seen.text == stored.messageText)
            #expect(try await device.converse("still there?", in: session).state == "complete")
        }
    }
}
