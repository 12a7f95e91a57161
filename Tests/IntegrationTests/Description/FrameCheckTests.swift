import ChatCore
import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import TestSupport

/// That a frame which is not as described is found out.
@Suite(.timeLimit(.minutes(1)))
struct FrameCheckTests {
    /// A client of the tests whose server is the test itself.
    private struct Fixture {
        let channel: NIOAsyncTestingChannel
        let client: WebSocketClient

        init() async throws {
            let inbox = Watched(WebSocketInbox())
            channel = try await NIOAsyncTestingChannel { channel in
                try channel.pipeline.syncOperations.addHandler(WebSocketFrameHandler(inbox: inbox))
            }
            client = WebSocketClient(channel: channel, inbox: inbox, handshakeHeaders: [:])
        }

        func serve(_ text: String) async throws {
            try await channel.writeInbound(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text)))
        }
    }

    private static let id = "01890a5d-ac96-774b-bcce-b302099a8057"

    private static func frame(_ type: String, _ payload: JSONValue) -> JSONValue {
        ["id": .string(id), "type": .string(type), "payload": payload, "timestamp": "2026-02-05T10:30:00.000Z"]
    }

    private static let resync = frame("connection.resync", ["last_seq": 7])

    @Test("Frames as described are handed on")
    func passes() async throws {
        let fixture = try await Fixture()
        try await fixture.serve(Self.resync.text)
        #expect(try await fixture.client.expect("connection.resync")["last_seq"] == 7)
    }

    @Test(
        "A frame that is not as described fails every wait of the client",
        arguments: [
            "no JSON", "[]", #"{"type": "connection.resync", "payload": {"last_seq": 7}}"#,
            frame("connection.resync", [:]).text, frame("connection.resync", ["last_seq": "7"]).text,
            frame("connection.resync", ["last_seq": 7, "more": 1]).text, frame("connection.dance", [:]).text,
            frame("message.send", ["session_id": .string(id), "content": "x"]).text,
        ]
    )
    func fails(text: String) async throws {
        let fixture = try await Fixture()
        try await fixture.serve(text)
        try await fixture.serve(Self.resync.text)
        await #expect(throws: TestSupportError.self) { try await fixture.client.expect("connection.resync") }
        await #expect(throws: TestSupportError.self) { try await fixture.client.next() }
        await #expect(throws: TestSupportError.self) { try await fixture.client.collect { _ in true } }
        try await fixture.channel.close()
        await #expect(throws: TestSupportError.self) { try await fixture.client.closeCode() }
        await #expect(throws: TestSupportError.self) { try await fixture.client.untilGone() }
    }

    @Test("An answer of a kind that the request does not have is found")
    func wrongAnswer() async throws {
        let fixture = try await Fixture()
        let request = try await fixture.client.send("message.send", ["session_id": .string(Self.id), "content": "x"])
        // As a fresh token is answered.
        try await fixture.serve(Self.frame("response.success", ["request_id": .string(request), "result": [:]]).text)
        await #expect(throws: TestSupportError.self) { try await fixture.client.expect("response.success") }
    }

    @Test("Only what is as described is sent, unless the test means it to be wrong")
    func sending() async throws {
        let client = try await Fixture().client
        let right: JSONValue = ["session_id": .string(Self.id), "content": "x"]
        let wrong: JSONValue = ["session_id": .string(Self.id), "content": 1]
        try await client.send("message.send", right)
        try await client.send("message.send", wrong, isWrong: true)
        await #expect(throws: TestSupportError.self) { try await client.send("message.send", wrong) }
        await #expect(throws: TestSupportError.self) { try await client.send("message.send", right, isWrong: true) }
        await #expect(throws: TestSupportError.self) { try await client.send("message.dance", right) }
        await #expect(throws: TestSupportError.self) { try await client.send("message.send", right, id: "7") }
    }

    @Test("A field that is missing, of another type or unknown is found in every message")
    func fields() throws {
        let description = try SocketDescription.shared()
        for operation in description.operations {
            try expectFaults(inVariantsOf: operation.request) { description.faults(inRequest: $0) }
        }
        for message in description.serverMessages {
            try expectFaults(inVariantsOf: message) { description.faults(inFrame: $0) }
        }
    }

    private func expectFaults(
        inVariantsOf message: SocketDescription.Message,
        _ faults: (JSONValue) -> [String]
    ) throws {
        let example = try #require(message.examples.first?.objectValue)
        let payload = try #require(example["payload"]?.objectValue)
        let file = try SocketDescription.shared().file
        let schema = file.resolve(message.schema["properties"]?["payload"] ?? .null)
        #expect(faults(.object(example)).isEmpty, "\(message.key)")

        for name in (message.schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) {
            #expect(!faults(.object(changing(name, of: example, to: nil))).isEmpty, "\(message.key): \(name)")
        }
        for name in (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue) {
            for value in [nil, ["neither": ["text nor", "number"]]] as [JSONValue?] {
                let changed = changing("payload", of: example, to: .object(changing(name, of: payload, to: value)))
                #expect(!faults(.object(changed)).isEmpty, "\(message.key): payload.\(name)")
            }
        }
        let surplus = changing("payload", of: example, to: .object(changing("surplus", of: payload, to: 1)))
        #expect(!faults(.object(changing("surplus", of: example, to: 1))).isEmpty, "\(message.key)")
        #expect(!faults(.object(surplus)).isEmpty, "\(message.key)")
    }

    private func changing(_ name: String, of object: JSONObject, to value: JSONValue?) -> JSONObject {
        var object = object
        object[name] = value
        return object
    }
}
