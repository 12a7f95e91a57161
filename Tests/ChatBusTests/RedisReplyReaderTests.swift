import Testing

@testable import ChatBus

struct RedisReplyReaderTests {
    private func replies(
        to chunks: [[UInt8]],
        maximumReplyBytes: Int = 1 << 20
    ) throws(RedisConnectionError) -> [RedisReply] {
        let reader = try RedisReplyReader(maximumReplyBytes: maximumReplyBytes)
        var replies: [RedisReply] = []
        for chunk in chunks {
            var failure: RedisConnectionError?
            chunk.withUnsafeBytes { bytes in
                do throws(RedisConnectionError) {
                    try reader.consume(bytes) { replies.append($0) }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        return replies
    }

    private static let conversation =
        "+OK\r\n-ERR no\r\n:42\r\n$5\r\nhe\u{0}lo\r\n$-1\r\n$0\r\n\r\n"
        + "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$3\r\na\r\n\r\n"
        + "*3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:0\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n*0\r\n*1\r\n:1\r\n"

    private static let expected: [RedisReply] = [
        .status("OK"), .error("ERR no"), .integer(42), .bytes(Array("he\u{0}lo".utf8)), .null, .bytes([]),
        .subscribed(channel: "x"), .message(channel: "x", payload: Array("a\r\n".utf8)), .unsubscribed(channel: "x"),
        .pong, .unknown, .unknown,
    ]

    @Test func `Every kind of reply is read`() throws {
        #expect(try replies(to: [Array(Self.conversation.utf8)]) == Self.expected)
    }

    @Test func `Bytes may come one by one`() throws {
        #expect(try replies(to: Self.conversation.utf8.map { [$0] }) == Self.expected)
    }

    @Test func `A large reply in many pieces`() throws {
        let payload = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = Array("$200000\r\n".utf8) + payload + Array("\r\n+OK\r\n".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 7_777).map { Array(bytes[$0..<min($0 + 7_777, bytes.count)]) }
        #expect(try replies(to: pieces) == [.bytes(payload), .status("OK")])
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n", "$x\r\n", ":1a\r\n", "*3000000000\r\n", "\u{0}\u{0}"])
    func `What is not the protocol is an error`(text: String) {
        #expect(throws: RedisConnectionError.self) { try replies(to: [Array(text.utf8)]) }
    }

    @Test func `Arrays that nest too deep are an error`() {
        #expect(throws: RedisConnectionError.self) {
            try replies(to: [Array(String(repeating: "*1\r\n", count: 20).utf8)])
        }
    }

    @Test func `A reply beyond the limit is an error, before it is complete`() {
        let reply = Array("$100000\r\n".utf8) + Array(repeating: 0, count: 90_000)
        #expect(throws: RedisConnectionError.replyTooLarge(limitBytes: 50_000)) {
            try replies(to: [reply], maximumReplyBytes: 50_000)
        }
        let elements = Array(("*100000\r\n" + String(repeating: ":1\r\n", count: 20_000)).utf8)
        #expect(throws: RedisConnectionError.replyTooLarge(limitBytes: 50_000)) {
            try replies(to: [elements], maximumReplyBytes: 50_000)
        }
    }

    @Test func `Many small replies are within the limit`() throws {
        let bytes = Array(String(repeating: "+OK\r\n", count: 20_000).utf8)
        #expect(try replies(to: [bytes], maximumReplyBytes: 50_000).count == 20_000)
    }
}
