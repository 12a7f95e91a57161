import ChatCore
import NIOHTTP1
import TestSupport
import Testing

/// Capabilities, from the backend to the client and back.
@Suite(.timeLimit(.minutes(5)))
struct CapabilityTests {
    private static let capabilities: JSONValue = [
        ["id": "search", "name": "Search", "depth": 3, "options": ["a": [1, nil]]], ["id": "draw", "costs": 5],
    ]

    @Test("What a client chose reaches the backend whole; what the session does not have is refused before it")
    func chosen() async throws {
        let calls = ReceivedCalls()
        try await withSharedCluster { cluster in
            try await StubBackend.with { exchange in
                if try calls.add(exchange).event == "session.created" {
                    let body: JSONValue = ["available_capabilities": Self.capabilities]
                    try await exchange.respond(.ok, StubBackend.Exchange.json, body.text)
                } else {
                    try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"content":"well"}"#)
                }
            } _: { stub in
                let type = try await cluster.addSessionType(["webhook_url": .string(stub.url)])
                let client = try await TestClient(of: cluster)
                let session = try await client.makeSession(type: type)
                #expect(try await calls.next().first?.body["client_id"]?.stringValue == client.id)
                let shown = try await client.api().get("/api/v1/sessions/\(session)")
                #expect(shown["available_capabilities"] == Self.capabilities)

                let socket = try await client.connect()
                var payload: JSONObject = [
                    "session_id": .string(session), "content": "hello", "enabled_capabilities": ["draw", "fly"],
                ]
                let refused = try await socket.send("message.send", .object(payload))
                let error = try await socket.expect("response.error", requestID: refused)
                #expect(error.string("error_code") == "INVALID_REQUEST")
                #expect(try await client.messages(of: session).isEmpty)

                payload["enabled_capabilities"] = ["draw", "search"]
                let request = try await socket.send("message.send", .object(payload))
                #expect(try await socket.stream(of: request).text == "well")
                let call = try #require(try await calls.next().first)
                let listed = try #require(Self.capabilities.arrayValue)
                #expect(call.body["enabled_capabilities"]?.arrayValue.map { Set($0) } == Set(listed))
                #expect(call.body["message"]?["content"] == [["type": "text", "text": "hello"]])
            }
        }
    }
}
