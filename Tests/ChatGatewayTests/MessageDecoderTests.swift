import NIOCore
import TestSupport
import Testing

@testable import ChatGateway

@Suite struct MessageDecoderTests {
    typealias Event = MessageDecoder.Event

    static let limits = MessageDecoder.Limits(messageBytes: 1000, acceptsBinary: true)

    /// What comes of bytes that arrive in pieces, which end at `splits`.
    static func events(_ bytes: [UInt8], splits: [Int] = [], limits: MessageDecoder.Limits = limits) -> [Event] {
        var decoder = MessageDecoder(limits: limits)
        var events: [Event] = []
        var start = 0
        for end in splits + [bytes.count] {
            var piece = ByteBuffer(bytes: bytes[start..<end])
            while let event = decoder.next(&piece) { events.append(event) }
            #expect(piece.readableBytes == 0)
            start = end
        }
        return events
    }

    private func events(_ frames: [ClientFrame], limits: MessageDecoder.Limits = limits) -> [Event] {
        Self.events(frames.flatMap(\.bytes), limits: limits)
    }

    // MARK: What is allowed

    @Test func messagesPass() {
        #expect(events([.text("héllo"), .text("")]) == [.text(ByteBuffer(string: "héllo")), .text(ByteBuffer())])
        let binary = ClientFrame(opcode: 2, payload: [0xFF, 0x00, 0xC3])
        #expect(events([binary]) == [.binary(ByteBuffer(bytes: [0xFF, 0x00, 0xC3]))])
    }

    @Test(arguments: [125, 126, 127, 999, 1000, 65_535, 65_536, 300_000])
    func everyLengthPasses(_ count: Int) {
        let text = String(repeating: "0123456789", count: count / 10 + 1).prefix(count)
        let limits = MessageDecoder.Limits(messageBytes: max(count, 1000), acceptsBinary: false)
        let bytes = ClientFrame.text(String(text)).bytes
        let splits = Array(stride(from: 1021, to: bytes.count, by: 1021))
        let whole = [Event.text(ByteBuffer(substring: text))]
        #expect(Self.events(bytes, limits: limits) == whole)
        #expect(Self.events(bytes, splits: splits, limits: limits) == whole)
    }

    @Test func fragmentsAreOneMessageAroundControlFrames() {
        let bytes = Array("aéz".utf8)
        let frames = [
            ClientFrame(opcode: 1, payload: Array(bytes[..<2]), isLast: false), .ping([7]), ClientFrame(opcode: 10),
            .continuation([], isLast: false), .continuation(Array(bytes[2...])), .text("next"),
        ]
        #expect(
            events(frames) == [
                .fragment, .ping(ByteBuffer(bytes: [7])), .pong, .fragment, .text(ByteBuffer(string: "aéz")),
                .text(ByteBuffer(string: "next")),
            ]
        )
    }

    @Test func veryManyFragmentsAreOneMessage() {
        let count = 65_536
        var decoder = MessageDecoder(limits: MessageDecoder.Limits(messageBytes: count, acceptsBinary: false))
        var begin = ByteBuffer(bytes: ClientFrame.text("a", isLast: false).bytes)
        #expect(decoder.next(&begin) == .fragment)
        let fragment = ByteBuffer(bytes: ClientFrame.continuation(Array("a".utf8), isLast: false).bytes)
        for _ in 2..<count {
            var bytes = fragment
            _ = decoder.next(&bytes)
        }
        var end = ByteBuffer(bytes: ClientFrame.continuation(Array("a".utf8)).bytes)
        #expect(decoder.next(&end) == .text(ByteBuffer(repeating: UInt8(ascii: "a"), count: count)))
    }

    @Test(arguments: [1000, 1003, 1007, 1014, 3000, 4999] as [UInt16])
    func closeCodesAreRead(_ code: UInt16) {
        #expect(events([.close(code, reason: Array("bye, é".utf8)), .text("too late")]) == [.close(code)])
        #expect(events([.close(code)]) == [.close(code)])
    }

    @Test func aCloseFrameNeedsNoCode() {
        #expect(events([ClientFrame(opcode: 8)]) == [.close(nil)])
    }

    // MARK: What is held

    @Test func aHeaderReservesNothing() throws {
        let limits = MessageDecoder.Limits(messageBytes: 64 << 20, acceptsBinary: false)
        var decoder = MessageDecoder(limits: limits)
        let claim = ClientFrame(opcode: 1, payload: Array("a".utf8), length: .claimed(64 << 20))
        var bytes = ByteBuffer(bytes: claim.bytes)
        #expect(decoder.next(&bytes) == nil)
        #expect(try held(by: decoder).storageCapacity <= 64)
    }

    @Test func whatIsHeldGrowsWithWhatArrives() throws {
        let limits = MessageDecoder.Limits(messageBytes: 1 << 20, acceptsBinary: false)
        var decoder = MessageDecoder(limits: limits)
        var bytes = ByteBuffer(bytes: ClientFrame(opcode: 1, length: .claimed(1 << 20)).bytes)
        #expect(decoder.next(&bytes) == nil)
        for kilobytes in 1..<1024 {
            // The key itself is zeros once it is unmasked.
            bytes = ByteBuffer(bytes: (0..<1024).map { ClientFrame.key[$0 % 4] })
            #expect(decoder.next(&bytes) == nil)
            let held = try held(by: decoder)
            #expect(held.readableBytes == kilobytes * 1024)
            #expect(held.storageCapacity <= 2 * kilobytes * 1024)
        }
    }

    @Test func nothingIsHeldAfterTheEnd() throws {
        var decoder = MessageDecoder(limits: Self.limits)
        var bytes = ByteBuffer(bytes: ClientFrame.text("abc", isLast: false).bytes + ClientFrame.text("").bytes)
        while decoder.next(&bytes) != nil {}
        #expect(try held(by: decoder).readableBytes == 0)
        bytes = ByteBuffer(repeating: 0xFF, count: 10_000)
        #expect(decoder.next(&bytes) == nil)
        #expect(bytes.readableBytes == 0)
        #expect(try held(by: decoder).readableBytes == 0)
    }

    private func held(by decoder: MessageDecoder) throws -> ByteBuffer {
        try #require(Mirror(reflecting: decoder).descendant("message") as? ByteBuffer)
    }
}
