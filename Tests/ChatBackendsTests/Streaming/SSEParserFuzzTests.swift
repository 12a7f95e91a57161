import TestSupport
import Testing

@testable import ChatBackends

/// Streams nobody thought of, split anywhere, against a reading of the standard that is as plain as can be.
@Suite struct SSEParserFuzzTests {
    private struct Event: Hashable {
        var name: [UInt8]
        var data: [UInt8]
        var hasSeveralLines: Bool
    }

    /// The algorithm of the standard, on the whole stream at once; names and data as bytes.
    private func read(_ stream: [UInt8]) -> [Event] {
        var events: [Event] = []
        var name: [UInt8] = []
        var data: [[UInt8]] = []
        let rest = stream.starts(with: [0xEF, 0xBB, 0xBF]) ? stream.dropFirst(3) : stream[...]
        for line in lines(Array(rest)) {
            guard !line.isEmpty else {
                if !data.isEmpty {
                    events.append(
                        Event(name: name, data: Array(data.joined(separator: [0x0A])), hasSeveralLines: data.count > 1)
                    )
                }
                (name, data) = ([], [])
                continue
            }
            let field = Array(line.prefix { $0 != UInt8(ascii: ":") })
            var value = Array(line.dropFirst(field.count + 1))
            if value.first == UInt8(ascii: " ") { value.removeFirst() }
            if field == Array("data".utf8) { data.append(value) }
            if field == Array("event".utf8) { name = value }
        }
        return events
    }

    /// The lines that have an end.
    private func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case 0x0D:
                if position + 1 < bytes.count, bytes[position + 1] == 0x0A { position += 1 }
                fallthrough
            case 0x0A:
                lines.append(line)
                line = []
            case let byte: line.append(byte)
            }
            position += 1
        }
        return lines
    }

    private func parse(_ pieces: [ArraySlice<UInt8>]) throws -> [Event] {
        var parser = SSEParser(limits: SSEParser.Limits(lineBytes: 1 << 20, eventBytes: 1 << 20))
        var events: [Event] = []
        for piece in pieces {
            try piece.withUnsafeBytes { bytes in
                try parser.parse(bytes) {
                    events.append(
                        Event(name: Array($0.name), data: Array($0.data), hasSeveralLines: $0.hasSeveralLines)
                    )
                }
            }
        }
        return events
    }

    private static let ends: [[UInt8]] = [[0x0A], [0x0D], [0x0D, 0x0A]]
    private static let fields = [
        "data", "data: ", "data:", "event: ", "event:", ":", ": ", "id: ", "retry: ", "", "dat", "datax:",
    ]

    /// A stream that is likely to hold events: fields, values of any bytes, and ends of lines of any kind.
    private func stream(using random: inout SeededGenerator) -> [UInt8] {
        var stream: [UInt8] = []
        if Int.random(in: 0..<4, using: &random) == 0 { stream += [0xEF, 0xBB, 0xBF] }
        let oneEnd = Self.ends.randomElement(using: &random) ?? []
        let mixes = Bool.random(using: &random)
        for _ in 0..<Int.random(in: 0..<12, using: &random) {
            stream += (Self.fields.randomElement(using: &random) ?? "").utf8
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                switch Int.random(in: 0..<5, using: &random) {
                case 0: stream.append(UInt8.random(in: 0...255, using: &random))
                case 1: stream += "ß👋🏽".utf8
                case 2: stream += [0xEF, 0xBB, 0xBF]
                default: stream += "a: b".utf8.shuffled(using: &random)
                }
            }
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                stream += mixes ? Self.ends.randomElement(using: &random) ?? [] : oneEnd
            }
        }
        return stream
    }

    @Test func `Any stream, split anywhere, is read as the standard says`() throws {
        var random = SeededGenerator(seed: SeededGenerator.chooseSeed(for: "SSEParserFuzzTests"))
        var found = 0
        for _ in 0..<300 {
            let stream = stream(using: &random)
            let expected = read(stream)
            found += expected.count
            for split in stream.indices {
                #expect(try parse([stream[..<split], stream[split...]]) == expected, "\(stream) at \(split)")
            }
            for _ in 0..<5 {
                var pieces: [ArraySlice<UInt8>] = []
                var start = 0
                while start < stream.count {
                    let end = min(stream.count, start + Int.random(in: 0...5, using: &random))
                    pieces.append(stream[start..<end])
                    start = end
                }
                #expect(try parse(pieces) == expected, "\(pieces)")
            }
        }
        #expect(found > 100, "the streams are such that there is something to read")
    }
}
