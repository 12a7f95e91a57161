import NIOCore
import TestSupport
import Testing

@testable import ChatGateway

/// What RFC 6455 forbids is refused at the first byte that shows it.
@Suite struct ProtocolViolationTests {
    struct Violation: CustomTestStringConvertible {
        var testDescription: String
        var code: CloseCode
        /// Of the byte that shows it.
        var position: Int
        var bytes: [UInt8]

        init(_ description: String, _ code: CloseCode = .protocolError, at position: Int, _ frames: ClientFrame...) {
            testDescription = description
            self.code = code
            self.position = position
            bytes = frames.flatMap(\.bytes)
        }
    }

    /// A header of a short masked frame.
    private static let header = 6

    static let headers = [
        Violation("the first reserved bit", at: 0, ClientFrame(opcode: 1, reservedBits: 4)),
        Violation("the last reserved bit", at: 0, ClientFrame(opcode: 9, reservedBits: 1)),
        Violation("a reserved opcode", at: 0, ClientFrame(opcode: 3)),
        Violation("a reserved control opcode", at: 0, ClientFrame(opcode: 0xB)),
        Violation("a continuation of nothing", at: 0, .continuation([1])),
        Violation("a continuation after the end", at: 7, .text("a"), .continuation([1])),
        Violation("a message inside another", at: 7, .text("a", isLast: false), .text("b")),
        Violation("a binary message inside another", at: 7, .text("a", isLast: false), ClientFrame(opcode: 2)),
        Violation("a fragmented ping", at: 0, ClientFrame(opcode: 9, isLast: false)),
        Violation("a fragmented close frame", at: 0, ClientFrame(opcode: 8, isLast: false)),
        Violation("no mask", at: 1, ClientFrame(opcode: 1, isMasked: false)),
        Violation("a long ping", at: 1, .ping(Array(repeating: 0, count: 126))),
        Violation("a very long pong", at: 1, ClientFrame(opcode: 10, length: .claimed(65_536))),
        Violation("half a close code", at: 1, ClientFrame(opcode: 8, payload: [3])),
        Violation("two bytes for a short length", at: 3, ClientFrame(opcode: 1, payload: [97], length: .inBytes(2))),
        Violation("eight bytes for a short length", at: 7, ClientFrame(opcode: 1, length: .claimed(1))),
        Violation("eight bytes for a medium length", at: 7, ClientFrame(opcode: 1, length: .claimed(65_535))),
        Violation("a negative length", at: 2, ClientFrame(opcode: 1, length: .claimed(1 << 63))),
    ]

    static let sizes = [
        Violation(
            "a byte too many",
            .messageTooBig,
            at: 3,
            ClientFrame(opcode: 1, payload: Array(repeating: 97, count: 1001))
        ),
        Violation("the largest length", .messageTooBig, at: 2, ClientFrame(opcode: 2, length: .claimed(.max >> 1))),
        Violation("a length over the limit", .messageTooBig, at: 5, ClientFrame(opcode: 2, length: .claimed(1 << 32))),
        Violation(
            "fragments too large together",
            .messageTooBig,
            at: header + 60 + 3,
            .text(String(repeating: "a", count: 60), isLast: false),
            .continuation(Array(repeating: 97, count: 941))
        ),
    ]

    static let payloads = [
        Violation("no UTF-8", .invalidText, at: header + 1, ClientFrame(opcode: 1, payload: [0xC3, 0x28, 97, 97])),
        Violation("an overlong form", .invalidText, at: header, ClientFrame(opcode: 1, payload: [0xC0, 0xAF, 97])),
        Violation(
            "a surrogate",
            .invalidText,
            at: header + 2,
            ClientFrame(opcode: 1, payload: [97, 0xED, 0xA0, 0x80])
        ),
        Violation(
            "behind the last character",
            .invalidText,
            at: header + 1,
            ClientFrame(opcode: 1, payload: [0xF4, 0x90, 0x80, 0x80])
        ),
        Violation(
            "the end in mid-character",
            .invalidText,
            at: header + 1,
            ClientFrame(opcode: 1, payload: [97, 0xC3])
        ),
        Violation(
            "no UTF-8 across fragments",
            .invalidText,
            at: header * 2 + 2,
            ClientFrame(opcode: 1, payload: [97, 0xC3], isLast: false),
            .continuation([97, 97])
        ),
        Violation(
            "the end in mid-character, in an empty fragment",
            .invalidText,
            at: header + 1 + header - 1,
            ClientFrame(opcode: 1, payload: [0xC3], isLast: false),
            .continuation([])
        ),
        Violation("a close code that may not be sent", at: header + 1, .close(1005, reason: Array("abc".utf8))),
        Violation("a close code of nobody", at: header + 1, .close(2999)),
        Violation("a close code over all", at: header + 1, .close(5000)),
        Violation(
            "a close reason that is no UTF-8",
            .invalidText,
            at: header + 3,
            .close(1000, reason: [97, 0xFF, 97])
        ),
        Violation("a close reason ending in mid-character", .invalidText, at: header + 2, .close(1000, reason: [0xC3])),
    ]

    @Test(arguments: headers + sizes + payloads)
    func isRefusedAtOnce(_ violation: Violation) throws {
        var decoder = MessageDecoder(limits: MessageDecoderTests.limits)
        for (position, byte) in violation.bytes.enumerated() {
            var bytes = ByteBuffer(bytes: [byte])
            let event = decoder.next(&bytes)
            guard case .fail(let code, let reason)? = event else {
                #expect(position < violation.position, "taken")
                continue
            }
            #expect(position == violation.position)
            #expect(code == violation.code)
            #expect(!reason.isEmpty)
            return
        }
        Issue.record("not refused")
    }

    @Test(arguments: headers + sizes + payloads)
    func nothingIsReadAfterIt(_ violation: Violation) {
        let events = MessageDecoderTests.events(
            violation.bytes + ClientFrame.text("a").bytes + ClientFrame.ping().bytes
        )
        guard case .fail? = events.last else {
            Issue.record("the failure is not the last: \(events)")
            return
        }
    }

    @Test func binaryIsRefusedWhenItBegins() {
        let limits = MessageDecoder.Limits(messageBytes: 1000, acceptsBinary: false)
        let bytes = ClientFrame(opcode: 2, payload: [1, 2, 3]).bytes
        #expect(MessageDecoderTests.events([bytes[0]], limits: limits).count == 1)
        guard case .fail(.unsupportedData, _)? = MessageDecoderTests.events(bytes, limits: limits).first else {
            Issue.record("not refused")
            return
        }
    }
}
