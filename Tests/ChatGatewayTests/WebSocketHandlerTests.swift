import NIOCore
import NIOEmbedded
import NIOWebSocket
import Synchronization
import TestSupport
import Testing

@testable import ChatGateway

/// The close handshake, and what the handler does by itself.
@Suite struct WebSocketHandlerTests {
    private let channel: EmbeddedChannel
    private let socket = Socket()
    private let endpoint: Endpoint

    init() throws {
        channel = EmbeddedChannel(handler: socket)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        endpoint = Endpoint(channel: channel)
        let limits = MessageDecoder.Limits(messageBytes: 100, acceptsBinary: true)
        try channel.pipeline.syncOperations.addHandler(WebSocketHandler(endpoint: endpoint, limits: limits))
    }

    private func receive(_ frames: ClientFrame...) throws {
        try channel.writeInbound(ByteBuffer(bytes: frames.flatMap(\.bytes)))
        channel.embeddedEventLoop.run()
    }

    private func sent() throws -> [WebSocketFrame] {
        let reader = EmbeddedChannel(handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)))
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { try reader.writeInbound(bytes) }
        var frames: [WebSocketFrame] = []
        while let frame = try reader.readInbound(as: WebSocketFrame.self) { frames.append(frame) }
        return frames
    }

    private func code(_ frame: WebSocketFrame?) -> UInt16? {
        frame?.opcode == .connectionClose ? frame?.data.getInteger(at: 0) : nil
    }

    @Test func passesMessagesOnAndAnswersPings() throws {
        try receive(.text("a", isLast: false), .ping([7]), .continuation([0x62]), ClientFrame(opcode: 2, payload: [9]))
        #expect(endpoint.calls == ["opened", "heard", "text ab", "binary \t"])
        let frames = try sent()
        #expect(frames.map(\.opcode) == [.pong])
        #expect(frames.first?.data == ByteBuffer(bytes: [7]))
    }

    @Test func answersAndHangsUpWhenThePeerCloses() throws {
        try receive(.close(3000), .text("late"))
        #expect(code(try sent().last) == 3000)
        #expect(socket.hasHungUp)
        #expect(endpoint.calls == ["opened", "heard", "peer closes"])
    }

    @Test func hangsUpOnceThePeerHasAnswered() throws {
        endpoint.close(.goingAway, reason: "bye")
        channel.embeddedEventLoop.run()
        #expect(code(try sent().last) == 1001)
        try receive(.text("on its way"))
        #expect(!socket.hasHungUp)
        try receive(.close(1001))
        #expect(socket.hasHungUp)
        #expect(try sent().isEmpty)
    }

    @Test func hangsUpOnWhoBreaksTheProtocol() throws {
        try receive(ClientFrame(opcode: 1, isMasked: false))
        #expect(code(try sent().last) == 1002)
        #expect(socket.hasHungUp)
        try receive(.ping(), .close(1000))
        #expect(try sent().isEmpty)
    }

    @Test func doesNotWaitForeverForTheAnswer() throws {
        endpoint.close(.goingAway, reason: "bye")
        channel.embeddedEventLoop.run()
        channel.embeddedEventLoop.advanceTime(by: ConnectionCloser.patience)
        #expect(!channel.isActive)
        #expect(endpoint.calls == ["opened", "gone"])
    }
}

/// Notes what it is told; closes as a connection does.
private final class Endpoint: WebSocketEndpoint {
    let outbound: OutboundQueue
    private let noted = Mutex<[String]>([])

    init(channel: any Channel) {
        outbound = OutboundQueue(channel: channel)
    }

    var calls: [String] { noted.withLock { $0 } }

    private func note(_ call: String) { noted.withLock { $0.append(call) } }

    func opened() { note("opened") }

    func heardOf() { note("heard") }

    func received(_ message: ByteBuffer, isBinary: Bool) {
        note((isBinary ? "binary " : "text ") + String(buffer: message))
    }

    func peerCloses(_ code: UInt16?) {
        note("peer closes")
        outbound.finish(closePayload: ServerFrame.closePayload(answering: code))
    }

    func close(_ code: CloseCode, reason: String) {
        outbound.finish(closePayload: ServerFrame.closePayload(code, reason: reason))
    }

    func channelClosed() { note("gone") }
}

/// Notes that our side of the connection is ended, which an embedded channel cannot do.
private final class Socket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var hasHungUp = false

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        hasHungUp = true
        promise?.succeed()
    }
}
