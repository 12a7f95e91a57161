import Testing

@testable import ChatBackends

@Suite struct SSEParserTests {
    private struct Event: Hashable {
        var name: String
        var data: String
        var hasSeveralLines = false
    }

    private func parse(_ pieces: [[UInt8]], limit: Int = 1 << 20) throws -> [Event] {
        var parser = SSEParser(limits: SSEParser.Limits(lineBytes: limit, eventBytes: limit))
        var events: [Event] = []
        for piece in pieces {
            try piece.withUnsafeBytes { bytes in
                try parser.parse(bytes) { event in
                    events.append(
                        Event(
                            name: String(decoding: event.name, as: UTF8.self),
                            data: String(decoding: event.data, as: UTF8.self),
                            hasSeveralLines: event.hasSeveralLines
                        )
                    )
                }
            }
        }
        return events
    }

    private static let corpus = [
        "event: chunk\ndata: one\n\nevent: complete\ndata: two\n\n",
        "event: chunk\r\ndata: one\r\n\r\ndata: two\r\n\r\n",
        "event: chunk\rdata: one\r\rdata: two\r\r",
        "event: a\r\ndata: 1\rdata: 2\ndata: 3\n\r\ndata: 4\n\n",
        "\u{FEFF}data: after the mark\n\n\u{FEFF}data: no mark here\n\n",
        ": comment\n\n:\ndata: x\n: in between\ndata: y\n\n",
        "data\n\ndata:\n\ndata: \n\ndata:  two spaces\n\n",
        "id: 7\nretry: 10\nunknown: z\nevent\ndata: named by nothing\n\n",
        "event: first\nevent: second\ndata: x\n\nevent: dropped\n\ndata: unnamed\n\n",
        "data: grüße 👋🏽 ßß\ndata: übrig\n\n",
        "data: never ended\n",
        "data:a:b: c\n\n\n\n\ndata: d\n\n",
        "",
    ]

    private static let expected: [[Event]] = [
        [Event(name: "chunk", data: "one"), Event(name: "complete", data: "two")],
        [Event(name: "chunk", data: "one"), Event(name: "", data: "two")],
        [Event(name: "chunk", data: "one"), Event(name: "", data: "two")],
        [Event(name: "a", data: "1\n2\n3", hasSeveralLines: true), Event(name: "", data: "4")],
        [Event(name: "", data: "after the mark")],
        [Event(name: "", data: "x\ny", hasSeveralLines: true)],
        [
            Event(name: "", data: ""), Event(name: "", data: ""), Event(name: "", data: ""),
            Event(name: "", data: " two spaces"),
        ],
        [Event(name: "", data: "named by nothing")],
        [Event(name: "second", data: "x"), Event(name: "", data: "unnamed")],
        [Event(name: "", data: "grüße 👋🏽 ßß\nübrig", hasSeveralLines: true)],
        [],
        [Event(name: "", data: "a:b: c"), Event(name: "", data: "d")],
        [],
    ]

    @Test(arguments: zip(corpus, expected.indices))
    func `Streams are read as the standard says`(stream: String, index: Int) throws {
        #expect(try parse([Array(stream.utf8)]) == Self.expected[index])
    }

    @Test(arguments: zip(corpus, expected.indices))
    func `A split at any byte changes nothing`(stream: String, index: Int) throws {
        let bytes = Array(stream.utf8)
        for split in 0...bytes.count {
            #expect(try parse([Array(bytes[..<split]), Array(bytes[split...])]) == Self.expected[index])
        }
    }

    @Test(arguments: zip(corpus, expected.indices))
    func `Bytes may come one by one`(stream: String, index: Int) throws {
        #expect(try parse(stream.utf8.map { [$0] }) == Self.expected[index])
    }

    @Test func `A line over the limit is refused wherever it is split`() throws {
        let line = Array("data: 0123456789\n\n".utf8)
        #expect(try parse([line], limit: 16) == [Event(name: "", data: "0123456789")])
        for split in 0...line.count {
            #expect(throws: SSEParser.Failure.lineTooLong) {
                try parse([Array(line[..<split]), Array(line[split...])], limit: 15)
            }
        }
    }

    @Test func `A line that never ends is refused`() {
        #expect(throws: SSEParser.Failure.lineTooLong) {
            try parse(Array(repeating: Array("xxxxxxxx".utf8), count: 3), limit: 20)
        }
    }

    @Test func `An event over the limit is refused wherever it is split`() throws {
        let event = Array("data: 0123456789\ndata: 0123456789\n\n".utf8)
        #expect(try parse([event], limit: 21).count == 1)
        for split in 0...event.count {
            #expect(throws: SSEParser.Failure.eventTooLong) {
                try parse([Array(event[..<split]), Array(event[split...])], limit: 20)
            }
        }
    }

    @Test func `A large event in many pieces comes out whole`() throws {
        let data = String(repeating: "0123456789", count: 30_000)
        let bytes = Array("data: \(data)\n\ndata: next\n\n".utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 1021).map { Array(bytes[$0..<min($0 + 1021, bytes.count)]) }
        #expect(try parse(pieces) == [Event(name: "", data: data), Event(name: "", data: "next")])
    }
}
