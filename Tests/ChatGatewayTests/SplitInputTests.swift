import NIOCore
import TestSupport
import Testing

@testable import ChatGateway

/// However the bytes are cut into pieces, the same comes of them.
@Suite struct SplitInputTests {
    private static let violations =
        ProtocolViolationTests.headers + ProtocolViolationTests.sizes + ProtocolViolationTests.payloads

    /// One of each kind, and all that is wrong.
    private static let corpus: [[UInt8]] =
        [
            [.text("grüße 👋🏽"), .ping([1, 2, 3]), .text("")],
            [.text("a", isLast: false), .ping([]), .continuation(Array("ß".utf8), isLast: false), .continuation([])],
            [ClientFrame(opcode: 2, payload: Array(0...255)), ClientFrame(opcode: 10, payload: [9])],
            [.text(String(repeating: "é", count: 70)), .close(1000, reason: Array("grüße".utf8)), .text("late")],
            [ClientFrame(opcode: 1, isLast: false), .continuation([], isLast: false), .continuation([])],
        ].map { (frames: [ClientFrame]) in frames.flatMap(\.bytes) }
        + violations.map(\.bytes).filter { $0.count < 400 }

    @Test(arguments: corpus.indices)
    func atAnyByte(_ index: Int) {
        let bytes = Self.corpus[index]
        let whole = MessageDecoderTests.events(bytes)
        #expect(!whole.isEmpty)
        for split in 0...bytes.count {
            #expect(MessageDecoderTests.events(bytes, splits: [split]) == whole)
        }
        #expect(MessageDecoderTests.events(bytes, splits: Array(bytes.indices)) == whole)
    }

    @Test func atRandom() {
        var random = SeededGenerator(seed: SeededGenerator.chooseSeed(for: "SplitInputTests"))
        for _ in 0..<400 {
            let conversation = Conversation(using: &random)
            let splits = (0..<Int.random(in: 0...20, using: &random))
                .map { _ in Int.random(in: 0...conversation.bytes.count, using: &random) }.sorted()
            #expect(MessageDecoderTests.events(conversation.bytes, splits: splits) == conversation.events)

            // And with a byte that is not what it was.
            var broken = conversation.bytes
            let position = Int.random(in: broken.indices, using: &random)
            broken[position] = UInt8.random(in: 0...255, using: &random)
            #expect(MessageDecoderTests.events(broken, splits: splits) == MessageDecoderTests.events(broken))
        }
    }
}

/// Frames at random that keep to the protocol, and what has to come of them.
private struct Conversation {
    private(set) var bytes: [UInt8] = []
    private(set) var events: [MessageDecoder.Event] = []

    init(using random: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            if Bool.random(using: &random) { control(using: &random) }
            message(using: &random)
        }
    }

    private mutating func message(using random: inout SeededGenerator) {
        let isText = Bool.random(using: &random)
        let letters = Array("ab é€👋")
        let text = (0..<Int.random(in: 0...200, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a"
        }
        let payload = Array(String(text).utf8)
        let cuts = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            Int.random(in: 0...payload.count, using: &random)
        }
        var start = 0
        for (index, end) in (cuts.sorted() + [payload.count]).enumerated() {
            if index > 0, Bool.random(using: &random) { control(using: &random) }
            bytes +=
                ClientFrame(
                    opcode: index > 0 ? 0 : isText ? 1 : 2,
                    payload: Array(payload[start..<end]),
                    isLast: index == cuts.count
                ).bytes
            if index < cuts.count { events.append(.fragment) }
            start = end
        }
        events.append(isText ? .text(ByteBuffer(bytes: payload)) : .binary(ByteBuffer(bytes: payload)))
    }

    private mutating func control(using random: inout SeededGenerator) {
        let payload = (0..<Int.random(in: 0...125, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let isPing = Bool.random(using: &random)
        bytes += ClientFrame(opcode: isPing ? 9 : 10, payload: payload).bytes
        events.append(isPing ? .ping(ByteBuffer(bytes: payload)) : .pong)
    }
}
