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

    /// Nothing more is read from a peer that takes nothing, until it has taken half of what waits for it.
    @Test func aPeerThatTakesNothingIsNotReadFromAndTriesOurPatience() throws {
        let socket = SlowSocket()
        let channel = EmbeddedChannel(handler: socket)
        let loop = channel.embeddedEventLoop
        let patience = ClientPatience(eventLoop: loop, span: .seconds(60))
        let givenUp = Atomic(0)
        patience.whenLost { givenUp.add(1, ordering: .relaxed) }
        let queue = OutboundQueue(channel: channel, valve: InboundValve(channel: channel), patience: patience)
        let megabyte = [UInt8](repeating: 0x61, count: 1 << 20)
        let count = OutboundQueue.maximumBytes >> 20
        func isRead() -> Bool {
            channel.options.first { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool ?? true
        }
        for _ in 0..<count { queue.send(text: megabyte) }
        loop.run()
        #expect(isRead())
        #expect(!patience.isTried)
        for _ in 0..<3 { queue.send(text: megabyte) }
        loop.run()
        #expect(!isRead())
        #expect(patience.isTried)
        // One that takes something is borne with.
        for _ in 0..<6 {
            for _ in 0..<(2 * ClientPatience.minimumBytes >> 16) { socket.take(loop) }
            loop.advanceTime(by: .seconds(60))
        }
        #expect(givenUp.load(ordering: .relaxed) == 0)
        while !isRead() { socket.take(loop) }
        #expect(!patience.isTried)
        for _ in 0..<count { queue.send(text: megabyte) }
        loop.run()
        loop.advanceTime(by: .seconds(60))
        #expect(givenUp.load(ordering: .relaxed) == 1)
    }

    @Test func aLargeFrameIsWrittenInPiecesThatNothingComesBetween() throws {
        let socket = SlowSocket()
        let channel = EmbeddedChannel(handler: socket)
        let loop = channel.embeddedEventLoop
        let queue = OutboundQueue(channel: channel)
        let flow = StreamFlow(eventLoop: loop, patience: ClientPatience(eventLoop: loop, span: .hours(1)))
        let frame = [UInt8](repeating: 0x61, count: 1 << 20)
        _ = flow.given(frame.count)
        queue.send(text: frame, flow: flow)
        queue.send(text: Array("dropped".utf8))
        loop.run()
        for _ in 0..<3 { socket.take(loop) }
        queue.sendPing()
        for _ in 0..<3 { socket.take(loop) }
        #expect(flow.isFull)
        queue.finishAtOnce(closePayload: ServerFrame.closePayload(.slowConsumer, reason: "slow"))
        while socket.hasMore { socket.take(loop) }
        #expect(!flow.isFull)
        let frames = try frames(channel)
        #expect(frames.map(\.opcode) == [.text, .connectionClose])
        #expect(frames.first?.data.readableBytes == frame.count)
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

/// A socket that takes a write when the test says so.
private final class SlowSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var kept: [(NIOAny, EventLoopPromise<Void>?)] = []
    private var context: ChannelHandlerContext?

    var hasMore: Bool { !kept.isEmpty }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        kept.append((data, promise))
    }

    func take(_ loop: EmbeddedEventLoop) {
        if !kept.isEmpty {
            let (data, promise) = kept.removeFirst()
            context?.writeAndFlush(data, promise: promise)
        }
        loop.run()
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
