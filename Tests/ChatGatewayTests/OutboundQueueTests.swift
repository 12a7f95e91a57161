import NIOCore
import NIOEmbedded
import NIOWebSocket
import Synchronization
import Testing

@testable import ChatGateway

@Suite struct OutboundQueueTests {
    private func frames(_ channel: EmbeddedChannel) throws -> [WebSocketFrame] {
        let reader = EmbeddedChannel(handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 26)))
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { try reader.writeInbound(bytes) }
        var frames: [WebSocketFrame] = []
        while let frame = try reader.readInbound(as: WebSocketFrame.self) { frames.append(frame) }
        return frames
    }

    @Test func sendsInOrderInOneWrite() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        for index in 0..<100 { queue.send(text: Array("\(index)".utf8)) }
        queue.send(.ping, [])
        channel.embeddedEventLoop.run()
        let frames = try frames(channel)
        #expect(frames.prefix(100).map { String(buffer: $0.data) } == (0..<100).map(String.init))
        #expect(frames.last?.opcode == .ping)
    }

    @Test func nothingFollowsTheCloseFrame() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        queue.send(text: Array("last".utf8))
        queue.finish(closePayload: ServerFrame.closePayload(.goingAway, reason: "bye"))
        queue.send(text: Array("too late".utf8))
        channel.embeddedEventLoop.run()
        let frames = try frames(channel)
        #expect(frames.map(\.opcode) == [.text, .connectionClose])
        #expect(frames.last.map { Array($0.data.readableBytesView) } == [3, 233] + Array("bye".utf8))
    }

    @Test func aPingOvertakesAllButTheCloseFrame() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        for index in 0..<3 { queue.send(text: Array("\(index)".utf8)) }
        queue.sendPing()
        queue.finish(closePayload: ServerFrame.closePayload(.goingAway, reason: "bye"))
        queue.sendPing()
        channel.embeddedEventLoop.run()
        #expect(try frames(channel).map(\.opcode) == [.ping, .text, .text, .text, .connectionClose])
    }

    @Test func aPeerThatTakesNothingIsClosedAsSlow() throws {
        let channel = EmbeddedChannel()
        let overflows = Atomic(0)
        let queue = OutboundQueue(channel: channel) { overflows.add(1, ordering: .relaxed) }
        let flow = StreamFlow(eventLoop: channel.eventLoop, patience: .hours(1)) {}
        let megabyte = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<(OutboundQueue.maximumBytes >> 20) + 3 {
            _ = flow.given(megabyte.count)
            queue.send(text: megabyte, flow: flow)
        }
        channel.embeddedEventLoop.run()
        let frames = try frames(channel)
        #expect(frames.map(\.opcode) == [.connectionClose])
        #expect(frames.last.map { Array($0.data.readableBytesView.prefix(2)) } == [0x11, 0x38])
        #expect(overflows.load(ordering: .relaxed) == 1)
    }

    @Test func aLargeFrameAloneIsSent() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        queue.send(text: [UInt8](repeating: 0x61, count: OutboundQueue.maximumBytes + 1))
        channel.embeddedEventLoop.run()
        #expect(try frames(channel).map(\.opcode) == [.text])
    }

    /// A peer that takes every write on the spot, and whose stream goes on as soon as it has: the writes must not stand
    /// on the stack of each other.
    @Test func aQuickPeerDoesNotDeepenTheStack() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        let frame = [UInt8](repeating: 0x61, count: 256 * 1024)
        for _ in 0..<60 { queue.send(text: frame) }
        let depth = WriteDepth()
        try channel.pipeline.syncOperations.addHandler(depth)
        channel.embeddedEventLoop.run()
        #expect(depth.deepest == 1)
        #expect(try frames(channel).count == 60)
    }

    @Test func aPeerThatTakesNothingIsGoneInTheEnd() throws {
        let channel = EmbeddedChannel(handler: TakesNothing())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let queue = OutboundQueue(channel: channel)
        queue.send(text: Array("never taken".utf8))
        channel.embeddedEventLoop.run()
        queue.finish(closePayload: ServerFrame.closePayload(.unauthenticated, reason: "expired"))
        channel.embeddedEventLoop.run()
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: ConnectionCloser.takingPatience)
        #expect(!channel.isActive)
    }

    /// RFC 6455, section 5.5.3: only the latest ping has to be answered.
    @Test func pongsDoNotPileUp() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        for number in 0..<10_000 { queue.send(.pong, Array("\(number)".utf8)) }
        channel.embeddedEventLoop.run()
        let answered = (0..<OutboundQueue.maximumPongs).map(String.init) + ["9999"]
        #expect(try frames(channel).map { String(buffer: $0.data) } == answered)
        queue.send(.pong, Array("later".utf8))
        channel.embeddedEventLoop.run()
        #expect(try frames(channel).map { String(buffer: $0.data) } == ["later"])
    }

    @Test func noPongFollowsTheCloseFrame() throws {
        let channel = EmbeddedChannel()
        let queue = OutboundQueue(channel: channel)
        for _ in 0..<OutboundQueue.maximumPongs * 2 { queue.send(.pong, []) }
        queue.finish(closePayload: [])
        channel.embeddedEventLoop.run()
        let opcodes = try frames(channel).map(\.opcode)
        #expect(opcodes.count == OutboundQueue.maximumPongs + 1)
        #expect(opcodes.last == .connectionClose)
    }
}

/// Counts how many writes are under way at once.
private final class WriteDepth: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var depth = 0
    private(set) var deepest = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        depth += 1
        deepest = max(deepest, depth)
        context.writeAndFlush(data, promise: promise)
        depth -= 1
    }
}

/// A socket whose peer's window stays closed.
private final class TakesNothing: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var kept: [EventLoopPromise<Void>?] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        kept.append(promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        for promise in kept { promise?.fail(ChannelError.ioOnClosedChannel) }
        kept = []
        context.close(mode: mode, promise: promise)
    }
}
