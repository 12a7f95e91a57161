import NIOCore
import Testing

@testable import OpenAIBridge

@Suite struct CompletionReaderTests {
    private static let stream = """
        : processing\r
        \r
        data: {"model":"m-1","choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}\r
        \r
        data: {"choices":[{"delta":{"content":"Grüße, "},"finish_reason":null}]}

        data: {"choices":[{"delta":{"content":"\u{1F30D}"},"finish_reason":"stop"}]}

        data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}

        data: [DONE]

        data: {"choices":[{"delta":{"content":"nobody reads this"}}]}


        """

    @Test func `A stream may be split at any byte`() throws {
        let bytes = Array(Self.stream.utf8)
        for split in 0...bytes.count {
            var reader = CompletionReader()
            var pieces: [CompletionPiece] = []
            try reader.read(ByteBuffer(bytes: bytes[..<split]), into: &pieces)
            try reader.read(ByteBuffer(bytes: bytes[split...]), into: &pieces)
            pieces += try reader.finish()
            #expect(
                pieces == [
                    .model("m-1"), .text("Grüße, "), .text("\u{1F30D}"), .finished(reason: "stop"),
                    .usage(.init(inputTokens: 9, outputTokens: 2)),
                ]
            )
            #expect(reader.isDone)
        }
    }

    @Test func `A stream without DONE is whole when the server said why it finished`() throws {
        var reader = CompletionReader()
        var pieces: [CompletionPiece] = []
        try reader.read(
            ByteBuffer(string: #"data: {"choices":[{"delta":{},"finish_reason":"length"}]}"#),
            into: &pieces
        )
        #expect(pieces.isEmpty)
        #expect(try reader.finish() == [.finished(reason: "length")])
    }

    @Test(arguments: [
        ("", "UPSTREAM_INCOMPLETE"), (#"data: {"choices":[{"delta":{"content":"a"}}]}"#, "UPSTREAM_INCOMPLETE"),
        ("data: {", "UPSTREAM_MALFORMED"), (#"data: {"error":{"message":"overloaded"}}"#, "UPSTREAM_FAILED"),
    ])
    func `What breaks a stream is told`(text: String, code: String) throws {
        let failure = #expect(throws: UpstreamFailure.self) {
            var reader = CompletionReader()
            var pieces: [CompletionPiece] = []
            try reader.read(ByteBuffer(string: text), into: &pieces)
            _ = try reader.finish()
        }
        #expect(failure?.code == code)
    }

    @Test func `A line that never ends is refused`() throws {
        let failure = #expect(throws: UpstreamFailure.self) {
            var reader = CompletionReader()
            var pieces: [CompletionPiece] = []
            try reader.read(ByteBuffer(repeating: UInt8(ascii: "a"), count: 2 << 20), into: &pieces)
        }
        #expect(failure?.code == "UPSTREAM_MALFORMED")
    }

    @Test func `An answer that is no stream is read as a whole`() throws {
        let body = #"{"model":"m","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}"#
        #expect(
            try CompletionReader.pieces(ofWhole: ByteBuffer(string: body)) == [
                .text("Hi"), .finished(reason: "stop"), .model("m"),
            ]
        )
        #expect(throws: UpstreamFailure.self) { try CompletionReader.pieces(ofWhole: ByteBuffer(string: "{}")) }
    }
}
