import ChatCore
import NIOWebSocket
import TestSupport
import Testing

/// What a gateway does with input that is not what it should be (`contract/websocket.md`, 'Bad input').
@Suite(.timeLimit(.minutes(5)))
struct BadFrameTests {
    private static let id = "0191e6a0-0000-7000-8000-000000000000"
    static let badMessages: [(text: String, requestID: String?)] = [
        ("this is no JSON", nil),
        ("", nil),
        ("[1, 2]", nil),
        ("\"text\"", nil),
        (#"{"type": "message.send", "payload": {}}"#, nil),
        (#"{"id": "7", "type": "message.send", "payload": {}}"#, nil),
        (#"{"id": "\#(id)", "payload": {}}"#, id),
        (#"{"id": "\#(id)", "type": "message.send"}"#, id),
        (#"{"id": "\#(id)", "type": "message.send", "payload": []}"#, id),
        (#"{"id": "\#(id)", "type": "message.dance", "payload": {}}"#, id),
        (#"{"id": "\#(id)", "type": "message.send", "payload": {}, "extra": 1}"#, id),
        (#"{"id": "\#(id)", "type": "message.send", "payload": {"session_id": 5, "content": "x"}}"#, id),
        (#"{"id": "\#(id)", "type": "message.send", "payload": {"session_id": "\#(id)", "content": ""}}"#, id),
        (#"{"id": "\#(id)", "type": "message.send", "payload": {"session_id": "\#(id)", "content": []}}"#, id),
        (#"{"id": "\#(id)", "type": "message.send", "payload": {"session_id": "\#(id)", "content": "x", "y": 1}}"#, id),
        (#"{"id": "\#(id)", "type": "auth", "payload": {}}"#, id),
    ]

    @Test("A bad message is answered, and the connection lives on", arguments: badMessages)
    func badMessage(text: String, requestID: String?) async throws {
        try await withSharedCluster { cluster in
            let socket = try await TestClient(of: cluster).connect()
            try await socket.sendText(text)
            let error = try await socket.expect("response.error")
            #expect(error["error_code"] == "INVALID_REQUEST")
            #expect(error.requestID == requestID)
            expectErrorShape(error.payload)
            try await socket.ping()
        }
    }

    @Test("Unknown fields are named")
    func unknownFields() async throws {
        try await withSharedCluster { cluster in
            let socket = try await TestClient(of: cluster).connect()
            let request = try await socket.send(
                "message.send",
                [
                    "session_id": .string(Self.id), "content": [["type": "text", "text": "x", "colour": "red"]],
                    "mood": 1,
                ],
                isWrong: true
            )
            let error = try await socket.expect("response.error", requestID: request)
            #expect(Set(fields(error.payload)) == ["payload.content[0].colour", "payload.mood"])
        }
    }

    @Test("Another client's session is answered as one that does not exist")
    func foreignSession() async throws {
        try await withSharedCluster { cluster in
            let session = try await TestClient(of: cluster).makeSession()
            let socket = try await TestClient(of: cluster).connect()
            for target in [session, Self.id] {
                let request = try await socket.say("hello", in: target)
                let error = try await socket.expect("response.error", requestID: request)
                #expect(error["error_code"] == "SESSION_NOT_FOUND")
                #expect(error["message"] == "There is no such session.")
                #expect(error["details"]?["resource_id"]?.stringValue == target)
            }
        }
    }

    @Test("A parent that is not in the session is refused, and nothing is written")
    func foreignParent() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let sessions = (try await client.makeSession(), try await client.makeSession())
            let socket = try await client.connect()
            let other = try await socket.converse("there", in: sessions.0)
            let request = try await socket.say("here", in: sessions.1, parent: other.messageID)
            let error = try await socket.expect("response.error", requestID: request)
            #expect(error["error_code"] == "MESSAGE_NOT_FOUND")
            #expect(try await client.messages(of: sessions.1).isEmpty)
        }
    }

    /// However fast they come: a request whose payload is wrong takes no stream's place.
    @Test(
        "The twentieth bad message within a minute closes the connection",
        arguments: ["rubbish"]
            + ["message.send", "message.recreate", "session.summarize", "stream.resume"].map {
                #"{"id":"01970000-0000-7000-8000-000000000001","type":"\#($0)","payload":{}}"#
            }
    )
    func tooMuchBadInput(text: String) async throws {
        try await withSharedCluster { cluster in
            let socket = try await TestClient(of: cluster).connect()
            for _ in 0..<20 { try await socket.sendText(text) }
            #expect(try await socket.closeCode() == 1008)
            #expect(socket.waiting.count == 20)
            #expect(socket.waiting.allSatisfy { $0["error_code"] == "INVALID_REQUEST" })
        }
    }

    struct BadFrame: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var closeCode: UInt16
        var send: @Sendable (WebSocketClient) async throws -> Void
    }

    static let badFrames = [
        BadFrame(testDescription: "binary", closeCode: 1003) { try await $0.sendFrame(.binary, [1, 2, 3]) },
        BadFrame(testDescription: "not UTF-8", closeCode: 1007) { try await $0.sendFrame(.text, [0xC3, 0x28]) },
        BadFrame(testDescription: "not masked", closeCode: 1002) {
            try await $0.sendFrame(.text, Array("{}".utf8), isMasked: false)
        },
        BadFrame(testDescription: "a reserved bit", closeCode: 1002) {
            try await $0.sendFrame(.text, Array("{}".utf8), reservedBit: true)
        },
        BadFrame(testDescription: "a reserved opcode", closeCode: 1002) {
            try await $0.sendFrame(WebSocketOpcode(encodedWebSocketOpcode: 0x3) ?? .binary, [])
        },
        BadFrame(testDescription: "a continuation of nothing", closeCode: 1002) {
            try await $0.sendFrame(.continuation, Array("{}".utf8))
        },
        BadFrame(testDescription: "a message inside another", closeCode: 1002) {
            try await $0.sendFrame(.text, Array("{".utf8), isLast: false)
            try await $0.sendFrame(.text, Array("{".utf8))
        },
        BadFrame(testDescription: "a fragmented ping", closeCode: 1002) {
            try await $0.sendFrame(.ping, [], isLast: false)
        },
        BadFrame(testDescription: "a forbidden close code", closeCode: 1002) {
            try await $0.sendFrame(.connectionClose, [0x03, 0xED])
        },
        BadFrame(testDescription: "a frame too large", closeCode: 1009) {
            try? await $0.sendFrame(.text, Array(repeating: 0x20, count: 1_048_577))
        },
        BadFrame(testDescription: "fragments too large together", closeCode: 1009) {
            try await $0.sendFrame(.text, Array(repeating: 0x20, count: 700_000), isLast: false)
            try? await $0.sendFrame(.continuation, Array(repeating: 0x20, count: 700_000))
        },
        // What follows is refused before it is whole: nothing more is sent.
        BadFrame(testDescription: "a header of a frame too large", closeCode: 1009) {
            try await $0.send(ClientFrame(opcode: 1, length: .claimed(1_048_577)))
        },
        BadFrame(testDescription: "a header of a fragment too large", closeCode: 1009) {
            try await $0.send(.text("{", isLast: false), ClientFrame(opcode: 0, length: .claimed(1_048_576)))
        },
        BadFrame(testDescription: "a header of an enormous frame", closeCode: 1009) {
            try await $0.send(ClientFrame(opcode: 1, length: .claimed(.max >> 1)))
        },
        BadFrame(testDescription: "a negative length", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 1, length: .claimed(.max)))
        },
        BadFrame(testDescription: "a length in more bytes than it needs", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 1, payload: Array("{}".utf8), length: .inBytes(2)))
        },
        BadFrame(testDescription: "a length in eight bytes that needs two", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 1, length: .claimed(65_535)))
        },
        BadFrame(testDescription: "a header of a long ping", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 9, length: .claimed(126)))
        },
        BadFrame(testDescription: "half a close code", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 8, payload: [0x03]))
        },
        BadFrame(testDescription: "the last reserved bit", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 1, reservedBits: 1))
        },
        BadFrame(testDescription: "a reserved control opcode", closeCode: 1002) {
            try await $0.send(ClientFrame(opcode: 0xF))
        },
        BadFrame(testDescription: "the header of a binary frame", closeCode: 1003) {
            try await $0.send(ClientFrame(opcode: 2, length: .claimed(100_000)))
        },
        BadFrame(testDescription: "not UTF-8 in the middle of a frame", closeCode: 1007) {
            try await $0.send(ClientFrame(opcode: 1, payload: [0x7B, 0xED, 0xA0], length: .claimed(100_000)))
        },
        BadFrame(testDescription: "not UTF-8 in the middle of a message", closeCode: 1007) {
            try await $0.send(
                ClientFrame(opcode: 1, payload: [0xF4], isLast: false),
                .continuation([0x90], isLast: false)
            )
        },
        BadFrame(testDescription: "an end in mid-character", closeCode: 1007) {
            try await $0.send(ClientFrame(opcode: 1, payload: [0x22, 0xC3]))
        },
        BadFrame(testDescription: "a close reason that is not UTF-8", closeCode: 1007) {
            try await $0.send(.close(1000, reason: [0x62, 0xFF]))
        },
    ]

    @Test("A frame that is not allowed closes the connection with its code, and no other", arguments: badFrames)
    func badFrame(_ frame: BadFrame) async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            let bystander = try await client.connect()
            try await frame.send(socket)
            #expect(try await socket.closeCode() == frame.closeCode)
            try await socket.untilGone()
            try await bystander.ping()
        }
    }

    @Test("A client that sends pings and reads nothing is borne with, and has the last of them answered")
    func pingFlood() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let socket = try await client.connect()
            try await socket.pauseReading()
            // More than any buffer takes, if each were answered.
            let thousand = (0..<1000).flatMap { _ in ClientFrame.ping(Array(repeating: 0x70, count: 125)).bytes }
            for _ in 0..<250 { try await socket.sendBytes(thousand) }
            try await client.connect().ping()
            try await socket.resumeReading()
            try await socket.ping()
        }
    }

    @Test("A message in fragments, with a ping between them, is one message")
    func fragments() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let envelope: JSONValue = [
                "id": .string(Self.id), "type": "message.send",
                "payload": ["session_id": .string(session), "content": "häppchenweise"],
            ]
            let bytes = envelope.bytes
            try await socket.sendFrame(.text, Array(bytes.prefix(20)), isLast: false)
            try await socket.ping()
            // One byte each: characters of several bytes are torn apart.
            for byte in bytes.dropFirst(20).dropLast() {
                try await socket.sendFrame(.continuation, [byte], isLast: false)
            }
            try await socket.sendFrame(.continuation, Array(bytes.suffix(1)))
            #expect(try await socket.stream(of: Self.id).text == "häppchenweise")
        }
    }

    @Test("A message as large as allowed is taken")
    func largestMessage() async throws {
        try await withSharedCluster { cluster in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect()
            let word = String(repeating: "x", count: 1_000_000)
            let answer = try await socket.converse(word, in: session)
            #expect(answer.state == "complete")
            #expect(answer.text == word)
        }
    }
}
