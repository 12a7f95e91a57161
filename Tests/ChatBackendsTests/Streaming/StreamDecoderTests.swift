import ChatCore
import NIOCore
import Testing

@testable import ChatBackends

@Suite struct StreamDecoderTests {
    private func decode(_ stream: String) throws -> [BackendEvent] {
        try decode(bytes: Array(stream.utf8))
    }

    private func decode(bytes: [UInt8]) throws -> [BackendEvent] {
        var decoder = StreamDecoder(limits: SSEParser.Limits(lineBytes: 1 << 20, eventBytes: 1 << 20))
        var events: [BackendEvent] = []
        try decoder.decode(ByteBuffer(bytes: bytes), into: &events)
        try decoder.finish()
        return events
    }

    private func reason(_ operation: () throws -> Void) -> BackendFailure.Reason? {
        do throws(any Error) {
            try operation()
            return nil
        } catch {
            return (error as? BackendFailure)?.reason
        }
    }

    @Test func `A chunk goes on exactly as it was written`() throws {
        let json = #"{ "content":"a\u00e9\n", "type" : "code","language":"swift", "x":[1.0] }"#
        let events = try decode("event: chunk\ndata: \(json)\n\n\(complete)")
        let chunk = StreamChunk(kind: .code, content: "aé\n", json: json, attributes: ["language": "swift"])
        #expect(events.first == .chunk(chunk))
    }

    @Test func `A chunk in several lines is written anew`() throws {
        let events = try decode("event: chunk\ndata: {\"type\":\ndata:  \"text\", \"content\": \"a\"}\n\n\(complete)")
        #expect(events.first == .chunk(StreamChunk(kind: .text, content: "a", json: #"{"type":"text","content":"a"}"#)))
    }

    @Test func `Unknown events and comments are skipped`() throws {
        let events = try decode(": hi\n\nevent: ping\ndata: not JSON\n\ndata: unnamed\n\n\(complete)")
        #expect(events == [.complete(metadata: ["usage": ["output_tokens": 2]])])
    }

    @Test(arguments: [
        ("data: {}", "{}"), ("data:", "{}"), ("data: {\"metadata\": null}", "{}"),
        ("data: {\"metadata\": {\"a\": 1}}", "{\"a\":1}"),
    ])
    func `Complete carries the metadata, if any`(data: String, metadata: String) throws {
        guard case .complete(let received)? = try decode("event: complete\n\(data)\n\n").first else {
            Issue.record("no complete event")
            return
        }
        #expect(JSONValue.object(received).text == metadata)
    }

    @Test func `What follows complete is not looked at`() throws {
        let events = try decode(complete + chunk("late") + "event: error\ndata: {}\n\nevent: chunk\ndata: junk\n\n")
        #expect(events.count == 1)
    }

    @Test(arguments: [
        "event: chunk\ndata: {\"type\":\"text\"\n\n",
        "event: chunk\ndata: {\"type\":\"text\"}\n\n",
        "event: chunk\ndata: {\"type\":\"smell\",\"content\":\"x\"}\n\n",
        "event: chunk\ndata: {\"type\":\"text\",\"content\":7}\n\n",
        "event: chunk\ndata: {\"content\":\"x\"}\n\n",
        "event: chunk\ndata: [\"text\"]\n\n",
        "event: chunk\ndata: {\"type\":\"text\",\"content\":\"\\ud800\"}\n\n",
        "event: chunk\ndata: {\"type\":\"text\",\"content\":\"x\"} {}\n\n",
        "event: complete\ndata: []\n\n",
        "event: complete\ndata: {\"metadata\": []}\n\n",
    ])
    func `What does not fit is refused`(stream: String) {
        #expect(reason { _ = try decode(stream) } == .malformed)
    }

    @Test(arguments: [
        [0xC3, 0x28], [0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
    ])
    func `Invalid UTF-8 is refused in what is read`(bytes: [UInt8]) {
        let start = Array("event: chunk\ndata: {\"type\":\"text\",\"content\":\"".utf8)
        #expect(reason { _ = try decode(bytes: start + bytes + Array("\"}\n\n".utf8)) } == .malformed)
    }

    @Test(arguments: [": ", "event: ", "event: ping\ndata: ", "id: ", ""])
    func `Invalid UTF-8 is skipped with what is skipped`(line: String) throws {
        let bytes = Array(line.utf8) + [0xFF, 0xC3, 0x28] + Array("\n\n\(complete)".utf8)
        #expect(try decode(bytes: bytes).count == 1)
    }

    @Test(arguments: ["image", "audio", "video", "document"])
    func `What stands for a resource has a web address`(type: String) throws {
        func decode(_ address: String) throws -> [BackendEvent] {
            try self.decode("event: chunk\ndata: {\"type\":\"\(type)\",\"content\":\"\(address)\"}\n\n" + complete)
        }
        #expect(try decode("https://example.com/a.png").count == 2)
        #expect(try decode("http://example.com:8080/a?b=c#d").count == 2)
        for address in [
            "", "a.png", "/a.png", "//example.com/a.png", "javascript:alert(1)", "data:image/png;base64,AAAA",
            "file:///etc/passwd", "ftp://example.com/", "https://user:password@example.com/", "https://", "https://a b",
        ] {
            #expect(reason { _ = try decode(address) } == .malformed, "\(address)")
        }
    }

    @Test func `The events before a failure are handed out`() {
        var decoder = StreamDecoder(limits: SSEParser.Limits(lineBytes: 100, eventBytes: 100))
        var events: [BackendEvent] = []
        let stream = chunk("a") + chunk("b") + "event: error\ndata: {\"message\": \"secret\"}\n\n"
        #expect(reason { try decoder.decode(ByteBuffer(string: stream), into: &events) } == .reported)
        #expect(events.count == 2)
    }

    @Test func `A stream without complete is not whole`() {
        #expect(reason { _ = try decode(chunk("a")) } == .incomplete)
        #expect(reason { _ = try decode("event: complete\n") } == .incomplete)
    }
}
