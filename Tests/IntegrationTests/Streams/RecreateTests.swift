import ChatCore
import TestSupport
import Testing

/// `message.recreate`: another answer beside the first.
@Suite(.timeLimit(.minutes(5)))
struct RecreateTests {
    @Test("A recreated answer is a further variant, active, and the old one stays")
    func variants() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let device = try await client.connect(gateway: 1)
            let first = try await socket.converse("hello there", in: session)
            let request = try await socket.recreate(first.messageID)
            let second = try await socket.stream(of: request)
            second.expectWellFormed()
            #expect(second.text == "Once more: hello there")
            #expect(second.start["user_message_id"] == nil)
            #expect(second.start.string("session_id") == session)
            #expect(second.end["variant_info"]?["variant_index"] == 1)
            #expect(second.end["variant_info"]?["total_variants"] == 2)
            #expect(second.end["variant_info"]?["parent_message_id"]?.stringValue == first.userMessageID)

            let path = try await client.messages(of: session)
            #expect(path.map { $0["message_id"]?.stringValue } == [first.userMessageID, second.messageID])
            let old = try await client.message(first.messageID)
            #expect(old["is_active"] == false)
            #expect(old.messageText == "hello there")
            #expect(try await device.created(second.messageID)["message"]?.sorted == path.last?.sorted)
        }
    }

    @Test("Of an answer in the middle, a branch begins, and the conversation goes on there")
    func inTheMiddle() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let first = try await socket.converse("one", in: session)
            _ = try await socket.converse("two", in: session)
            let again = try await socket.stream(of: try await socket.recreate(first.messageID))
            #expect(try await client.messages(of: session).count == 2)
            let third = try await socket.converse("three", in: session)
            let path = try await client.messages(of: session)
            #expect(path.map(\.messageText) == ["one", again.text, "three", third.text])
        }
    }

    @Test("While the answer streams, recreating it is refused, or interrupts it, or waits for it")
    func busy() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let other = try await client.connect(gateway: 1)
            let request = try await socket.say("/pace 50ms /words 2000", in: session)
            let start = try await socket.begun(request)
            _ = try await socket.chunks(2, of: request)
            let refused = try await other.recreate(start.string("message_id"))
            #expect(try await other.expect("response.error", requestID: refused)["error_code"] == "CONFLICT")

            let waiting = try await other.recreate(start.string("message_id"), onBusy: "enqueue")
            try await other.ping()
            let interrupting = try await other.recreate(start.string("message_id"), onBusy: "interrupt")
            let second = try await other.begun(interrupting)
            let third = try await other.begun(waiting)
            #expect(try await socket.stream(of: request, start: start).state == "stopped")
            for answer in [second, third] {
                let id = answer.string("message_id")
                #expect(try await client.api().post("/api/v1/messages/\(id)/stop").status == 200)
            }
            let variants = try await client.api().get("/api/v1/messages/\(start.string("message_id"))/variants")
            #expect(variants["variants"]?.arrayValue?.count == 3)
        }
    }

    @Test("Only answers of the caller's are recreated")
    func refusals() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(gateway: 0)
            let answer = try await socket.converse("mine", in: session)
            let question = try await socket.recreate(answer.userMessageID)
            #expect(try await socket.expect("response.error", requestID: question)["error_code"] == "INVALID_REQUEST")
            let stranger = try await TestClient(of: cluster).connect(gateway: 0)
            let foreign = try await stranger.recreate(answer.messageID)
            #expect(
                try await stranger.expect("response.error", requestID: foreign)["error_code"] == "MESSAGE_NOT_FOUND"
            )
            let capability = try await socket.send(
                "message.recreate",
                ["message_id": .string(answer.messageID), "enabled_capabilities": ["none such"]]
            )
            #expect(
                try await socket.expect("response.error", requestID: capability)["error_code"] == "INVALID_REQUEST"
            )
            #expect(try await client.messages(of: session).count == 2)
        }
    }
}

extension WebSocketClient {
    func recreate(_ message: String, onBusy: String? = nil) async throws -> String {
        var payload: JSONObject = ["message_id": .string(message)]
        payload["on_busy"] = onBusy.map { .string($0) }
        return try await send("message.recreate", .object(payload))
    }
}
