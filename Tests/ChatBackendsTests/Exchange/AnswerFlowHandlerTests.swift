import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

@testable import ChatBackends

@Suite struct AnswerFlowHandlerTests {
    /// Notes what goes on to the HTTP client, and holds the connection back when told to.
    private final class Client: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        var events: [String] = []
        var gates: [ReadGate] = []
        var shutsGate = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head: events.append("head")
            case .body(let bytes): events.append(String(buffer: bytes))
            case .end: events.append("end")
            }
            if let gate = ReadGate.current { gates.append(gate) }
            if shutsGate { ReadGate.current?.shut() }
        }

        func channelReadComplete(context: ChannelHandlerContext) { events.append("complete") }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { events.append("error") }
        func channelInactive(context: ChannelHandlerContext) { events.append("inactive") }
    }

    /// Counts the reads that reach the connection.
    private final class Connection: ChannelOutboundHandler {
        typealias OutboundIn = HTTPClientRequestPart
        var reads = 0

        func read(context: ChannelHandlerContext) { reads += 1 }
    }

    private let connection = Connection()
    private let client = Client()
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([connection, AnswerFlowHandler(), client])
    }

    private func receive(_ parts: HTTPClientResponsePart...) {
        for part in parts { channel.pipeline.fireChannelRead(part) }
    }

    private func body(_ text: String) -> HTTPClientResponsePart { .body(ByteBuffer(string: text)) }
    private let head = HTTPClientResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok))

    @Test func `The bytes of one read go on in one piece`() {
        receive(head, body("a"), body("b"))
        #expect(client.events == ["head"])
        channel.pipeline.fireChannelReadComplete()
        receive(body("c"), body("d"), .end(nil))
        channel.pipeline.fireChannelReadComplete()
        #expect(client.events == ["head", "ab", "complete", "cd", "end", "complete"])
    }

    @Test func `What came before a failure goes on before it`() {
        struct Broken: Error {}
        receive(head, body("a"))
        channel.pipeline.fireErrorCaught(Broken())
        #expect(client.events == ["head", "a", "complete", "error"])
        receive(body("b"))
        channel.pipeline.fireChannelInactive()
        #expect(client.events.suffix(3) == ["b", "complete", "inactive"])
        channel.pipeline.fireErrorCaught(Broken())
        #expect(client.events.last == "error")
    }

    @Test func `While its gate is shut the connection reads nothing, and goes on when it is opened`() throws {
        channel.pipeline.read()
        #expect(connection.reads == 1)
        client.shutsGate = true
        receive(head)
        channel.pipeline.read()
        channel.pipeline.read()
        #expect(connection.reads == 1)
        let gate = try #require(client.gates.first)
        gate.open()
        channel.embeddedEventLoop.run()
        #expect(connection.reads == 2)
        channel.pipeline.read()
        #expect(connection.reads == 3)
    }

    @Test func `An answer's end opens its gate, which then is nobody's`() throws {
        client.shutsGate = true
        receive(head, body("a"))
        channel.pipeline.fireChannelReadComplete()
        channel.pipeline.read()
        #expect(connection.reads == 0)
        receive(.end(nil))
        #expect(connection.reads == 1)

        receive(head)
        channel.pipeline.read()
        #expect(connection.reads == 1)
        let old = try #require(client.gates.first)
        old.open()
        channel.embeddedEventLoop.run()
        #expect(connection.reads == 1)
        let new = try #require(client.gates.last)
        new.open()
        channel.embeddedEventLoop.run()
        #expect(connection.reads == 2)
    }

    @Test func `A gate may be opened after its connection is gone`() throws {
        client.shutsGate = true
        receive(head)
        _ = try channel.finish(acceptAlreadyClosed: true)
        let gate = try #require(client.gates.first)
        gate.open()
        channel.embeddedEventLoop.run()
    }

    @Test func `Nobody has a gate elsewhere`() {
        receive(head)
        #expect(ReadGate.current == nil)
    }
}
