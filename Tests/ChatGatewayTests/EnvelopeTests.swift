import ChatCore
import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import ChatGateway

@Suite struct EnvelopeTests {
    private let id = "0194d3a0-0000-7000-8000-000000000001"

    private func failure(_ text: String) -> EnvelopeError? {
        do {
            _ = try ClientEnvelope(text.utf8)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsAnEnvelope() throws {
        let envelope = try ClientEnvelope(
            #"{"id":"\#(id.uppercased())","type":"message.send","payload":{"a":1},"timestamp":"whatever"}"#.utf8
        )
        #expect(envelope == ClientEnvelope(id: id, type: "message.send", payload: ["a": 1]))
    }

    @Test(arguments: [
        "", "nope", "[]", "\"x\"", "{}", #"{"id":"x","type":"a","payload":{}}"#, #"{"type":"a","payload":{}}"#,
    ])
    func refusesWithoutAnID(_ text: String) throws {
        let failure = try #require(self.failure(text))
        #expect(failure.error.code == .invalidRequest)
        #expect(failure.requestID == nil)
        #expect(!failure.error.validationErrors.isEmpty)
    }

    @Test(arguments: [
        (#""type":"a""#, "payload"), (#""payload":{}"#, "type"), (#""type":"a","payload":[]"#, "payload"),
        (#""type":"a","payload":null"#, "payload"), (#""type":5,"payload":{}"#, "type"),
        (#""type":"a","payload":{},"extra":1"#, "extra"), (#""type":"a","payload":{},"timestamp":5"#, "timestamp"),
    ])
    func refusesWithTheIDItRead(_ fields: String, _ field: String) throws {
        let failure = try #require(self.failure(#"{"id":"\#(id)",\#(fields)}"#))
        #expect(failure.requestID == id)
        #expect(failure.error.validationErrors.map(\.field) == [field])
    }

    @Test func chunkEnvelopesAreValid() throws {
        let message = MessageID.make()
        let encoder = ChunkEnvelope(requestID: id, messageID: message)
        let chunk = StreamChunk(kind: .text, content: "é\"", json: #"{"type":"text","content":"é\"","x":[1]}"#)
        let envelope = try JSONParser.parse(encoder.encode(chunk.json, index: 41))
        #expect(envelope["type"] == "message.streaming.chunk")
        #expect(envelope["payload"]?["request_id"] == .string(id))
        #expect(envelope["payload"]?["message_id"] == .string(message.description))
        #expect(envelope["payload"]?["index"] == 41)
        #expect(envelope["payload"]?["chunk"]?.text == chunk.json)
        #expect(envelope["id"]?.stringValue.flatMap { MessageID($0) } != nil)
        #expect(envelope["timestamp"]?.stringValue?.count == 24)
    }

    @Test func pushEventsCarryTheirNumber() throws {
        let event = PushEvent(
            clientID: try #require(ClientID("c")),
            seq: 9,
            kind: .sessionUpdated,
            payload: #"{"session_id": "s", "updates": {}}"#,
            createdAt: .now
        )
        let envelope = try JSONParser.parse(ServerEnvelope.encode(event))
        #expect(envelope["type"] == "session.updated")
        #expect(envelope["payload"]?.text == #"{"session_id":"s","updates":{},"seq":9}"#)
    }

    @Test func errorsCarryTheContractsShape() throws {
        let error = ChatError.invalid("payload.x", "The field is unknown.", .unknownField)
        let envelope = try JSONParser.parse(ServerEnvelope.responseError(error, requestID: nil, traceID: "t"))
        #expect(envelope["payload"]?["request_id"] == .null)
        #expect(envelope["payload"]?["error_code"] == "INVALID_REQUEST")
        #expect(envelope["payload"]?["details"]?["trace_id"] == "t")
        #expect(envelope["payload"]?["details"]?["validation_errors"]?.arrayValue?.count == 1)
    }

    /// A reason is cut where it does not fit, but not in the middle of a character.
    @Test(arguments: [0, 122, 123, 124, 500])
    func closeReasonsFit(_ count: Int) {
        let payload = ServerFrame.closePayload(.policyViolation, reason: String(repeating: "x", count: count) + "é")
        #expect(payload.prefix(2) == [3, 240])
        let reason = String(validating: payload.dropFirst(2), as: UTF8.self)
        #expect(reason == String(repeating: "x", count: min(count, 123)) + (count <= 121 ? "é" : ""))
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 200_000])
    func framesCanBeReadBack(_ count: Int) throws {
        let payload = [UInt8](repeating: 0x61, count: count)
        var buffer = ByteBuffer()
        ServerFrame.writeHeader(.text, payloadBytes: count, into: &buffer)
        buffer.writeBytes(payload)
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)))
        try channel.writeInbound(buffer)
        let frame = try #require(try channel.readInbound(as: WebSocketFrame.self))
        #expect(frame.fin)
        #expect(frame.opcode == .text)
        #expect(frame.maskKey == nil)
        #expect(frame.data == ByteBuffer(bytes: payload))
        #expect(try channel.finish().isClean)
    }
}
