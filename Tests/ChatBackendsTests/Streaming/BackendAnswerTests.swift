import ChatCore
import NIOCore
import Testing

@testable import ChatBackends

@Suite struct BackendAnswerTests {
    @Test func `A text answer is one chunk`() throws {
        let events = try BackendAnswer.events(
            ByteBuffer(string: #"{"content":"Hi","metadata":{"a":1}}"#),
            to: .messageNew
        )
        #expect(
            events == [
                .chunk(StreamChunk(kind: .text, content: "Hi", json: #"{"type":"text","content":"Hi"}"#)),
                .complete(metadata: ["a": 1]),
            ]
        )
    }

    @Test(arguments: [
        ("image", "image_url"), ("audio", "audio_url"), ("video", "video_url"), ("document", "document_url"),
    ])
    func `A part with a URL is a chunk with the URL`(type: String, member: String) throws {
        let body = #"{"content":[{"type":"\#(type)","\#(member)":"https://x","mime_type":"a/b"}]}"#
        guard case .chunk(let chunk)? = try BackendAnswer.events(ByteBuffer(string: body), to: .messageNew).first else {
            Issue.record("no chunk")
            return
        }
        #expect(chunk.kind.rawValue == type)
        #expect(chunk.content == "https://x")
        #expect(chunk.attributes == ["mime_type": "a/b"])
        #expect(chunk.json == #"{"type":"\#(type)","mime_type":"a/b","content":"https://x"}"#)
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #"{"content":7}"#, #"{"content":[7]}"#, #"{"content":[{"type":"text"}]}"#,
        #"{"content":[{"type":"image","url":"x"}]}"#, #"{"content":[{"type":"image","image_url":"data:,x"}]}"#,
        #"{"content":"x","metadata":7}"#, #"{"content":"x"} x"#,
    ])
    func `An answer that does not fit is refused`(body: String) {
        #expect(throws: BackendFailure.self) { try BackendAnswer.events(ByteBuffer(string: body), to: .messageNew) }
    }

    @Test func `Capabilities are kept as they came`() throws {
        let body = #"{"available_capabilities":[{"id":"a","x":1.50},{"id":"b"}]}"#
        let capabilities = try BackendAnswer.capabilities(ByteBuffer(string: body))
        #expect(capabilities.map(\.json.text) == [#"{"id":"a","x":1.50}"#, #"{"id":"b"}"#])
    }

    @Test(arguments: [
        "{}", #"{"available_capabilities":{}}"#, #"{"available_capabilities":[{}]}"#,
        #"{"available_capabilities":["a"]}"#,
        #"{"available_capabilities":[]}"# + String(repeating: " ", count: 1 << 20),
    ])
    func `Capabilities that do not fit are refused`(body: String) {
        #expect(throws: BackendFailure.self) { try BackendAnswer.capabilities(ByteBuffer(string: body)) }
    }

    @Test(
        arguments: [
            (#"{"status":"healthy","version":"1.0","capabilities":["streaming",{"id":"a"}],"more":1}"#, "1.0", 2),
            (#"{"status":"unhealthy"}"#, nil, 0),
            (#"{"status":"degraded","version":null,"capabilities":null}"#, nil, 0),
        ] as [(String, String?, Int)]
    )
    func `What a backend says of itself`(body: String, version: String?, capabilities: Int) throws {
        let health = try BackendAnswer.health(ByteBuffer(string: body))
        #expect(body.contains(#""status":"\#(health.status.rawValue)""#))
        #expect(health.version == version)
        #expect(health.capabilities.count == capabilities)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"status":"fine"}"#, #"{"status":true}"#, #"{"status":"healthy","version":1}"#,
        #"{"status":"healthy","capabilities":{}}"#,
    ])
    func `What says nothing of itself is refused`(body: String) {
        #expect(throws: BackendFailure.self) { try BackendAnswer.health(ByteBuffer(string: body)) }
    }
}
