import NIOCore
import NIOWebSocket
import Testing

@testable import ChatGateway

@Suite struct MessageAssemblerTests {
    private func frame(
        _ opcode: WebSocketOpcode,
        _ data: [UInt8],
        fin: Bool = true,
        rsv1: Bool = false,
        isMasked: Bool = true
    ) -> WebSocketFrame {
        guard isMasked else {
            return WebSocketFrame(fin: fin, rsv1: rsv1, opcode: opcode, data: ByteBuffer(bytes: data))
        }
        let key: WebSocketMaskingKey = [1, 2, 3, 4]
        var buffer = ByteBuffer(bytes: data)
        buffer.webSocketMask(key)
        return WebSocketFrame(fin: fin, rsv1: rsv1, opcode: opcode, maskKey: key, data: buffer)
    }

    private func code(_ action: MessageAssembler.Action) -> CloseCode? {
        if case .fail(let code, _) = action { code } else { nil }
    }

    @Test func passesWholeMessages() {
        var assembler = MessageAssembler(maximumBytes: 10)
        #expect(assembler.frameArrived(frame(.text, Array("héllo".utf8))) == .text(ByteBuffer(string: "héllo")))
        #expect(assembler.frameArrived(frame(.text, [])) == .text(ByteBuffer()))
    }

    @Test func putsVeryManyFragmentsTogether() {
        let count = 20_000
        var assembler = MessageAssembler(maximumBytes: count)
        #expect(assembler.frameArrived(frame(.text, [0x61], fin: false)) == .none)
        for _ in 2..<count { _ = assembler.frameArrived(frame(.continuation, [0x61], fin: false)) }
        let whole = ByteBuffer(repeating: 0x61, count: count)
        #expect(assembler.frameArrived(frame(.continuation, [0x61])) == .text(whole))
        #expect(assembler.frameArrived(frame(.text, [0x62])) == .text(ByteBuffer(string: "b")))
    }

    @Test func putsFragmentsTogetherAroundControlFrames() {
        var assembler = MessageAssembler(maximumBytes: 10)
        let bytes = Array("aé".utf8)
        #expect(assembler.frameArrived(frame(.text, Array(bytes[..<2]), fin: false)) == .none)
        #expect(assembler.frameArrived(frame(.ping, [7])) == .ping(ByteBuffer(bytes: [7])))
        #expect(assembler.frameArrived(frame(.pong, [])) == .pong)
        #expect(assembler.frameArrived(frame(.continuation, Array(bytes[2...]), fin: false)) == .none)
        #expect(assembler.frameArrived(frame(.continuation, Array("z".utf8))) == .text(ByteBuffer(string: "aéz")))
        #expect(code(assembler.frameArrived(frame(.continuation, []))) == .protocolError)
    }

    @Test func sumsFragments() {
        var assembler = MessageAssembler(maximumBytes: 4)
        #expect(assembler.frameArrived(frame(.text, Array("abc".utf8), fin: false)) == .none)
        #expect(code(assembler.frameArrived(frame(.continuation, Array("de".utf8)))) == .messageTooBig)
        var other = MessageAssembler(maximumBytes: 4)
        #expect(code(other.frameArrived(frame(.text, Array("abcde".utf8)))) == .messageTooBig)
    }

    @Test func refusesWhatTheProtocolForbids() {
        func fail(_ frames: WebSocketFrame...) -> CloseCode? {
            var assembler = MessageAssembler(maximumBytes: 100)
            var action = MessageAssembler.Action.none
            for frame in frames { action = assembler.frameArrived(frame) }
            return code(action)
        }
        #expect(fail(frame(.binary, [1])) == .unsupportedData)
        #expect(fail(frame(.text, [0xC3, 0x28])) == .invalidText)
        #expect(fail(frame(.text, [], rsv1: true)) == .protocolError)
        #expect(fail(frame(.text, [], isMasked: false)) == .protocolError)
        #expect(fail(frame(.text, [], fin: false), frame(.text, [])) == .protocolError)
        #expect(fail(frame(.ping, [], fin: false)) == .protocolError)
        #expect(fail(frame(.connectionClose, [3])) == .protocolError)
        #expect(fail(frame(.connectionClose, [3, 236])) == .protocolError)
        #expect(fail(frame(.connectionClose, [3, 232, 0xFF])) == .invalidText)
        if let reserved = WebSocketOpcode(encodedWebSocketOpcode: 3) {
            #expect(fail(frame(reserved, [])) == .protocolError)
        }
    }

    @Test func readsCloseCodes() {
        var assembler = MessageAssembler(maximumBytes: 100)
        #expect(assembler.frameArrived(frame(.connectionClose, [])) == .close(nil))
        #expect(assembler.frameArrived(frame(.connectionClose, [3, 232] + Array("bye".utf8))) == .close(1000))
    }
}
