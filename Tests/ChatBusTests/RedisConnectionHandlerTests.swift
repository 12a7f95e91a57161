import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import ChatBus

/// The handler on an embedded channel, whose clock the tests turn.
struct RedisConnectionHandlerTests {
    @Test func `Ready after the handshake, then replies are passed on`() throws {
        let connection = try Connection()
        #expect(
            try connection.sent()
                == "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$20\r\nchat-engine:commands\r\n*1\r\n$4\r\nPING\r\n"
        )
        try connection.receive("+OK\r\n")
        #expect(connection.traffic.events == [])
        try connection.receive("+PO")
        try connection.receive("NG\r\n:7\r\n")
        #expect(connection.traffic.events == [.connected, .received(.integer(7)), .readCompleted])
    }

    @Test func `A silent server is pinged, then left`() throws {
        let connection = try Connection.ready()
        connection.advance(by: .seconds(2))
        #expect(connection.traffic.events == [.sent(.ping)])
        try connection.receive("+PONG\r\n")
        connection.advance(by: .seconds(3))
        #expect(connection.traffic.events.filter { $0 == .sent(.ping) }.count == 2)
        #expect(connection.report == nil)
        connection.advance(by: .seconds(3))
        #expect(connection.traffic.events.last == .disconnected)
        #expect(connection.report?.error as? RedisConnectionError == .pingTimedOut)
        #expect(!connection.isActive)
    }

    @Test func `A handshake without an answer ends in time`() throws {
        let connection = try Connection()
        connection.advance(by: .seconds(5))
        #expect(connection.report?.error as? RedisConnectionError == .connectTimedOut)
        #expect(connection.report?.lifetime == nil)
        #expect(connection.traffic.events == [])
    }

    @Test func `What is not the protocol ends the connection`() throws {
        let connection = try Connection.ready()
        connection.advance(by: .seconds(1))
        try connection.receive("HTTP/1.1 200 OK\r\n")
        #expect(connection.traffic.events == [.disconnected])
        #expect(connection.report?.lifetime == .seconds(1))
        #expect(!connection.isActive)
    }

    @Test func `Traffic that objects ends the connection, and what follows is not heard`() throws {
        let connection = try Connection.ready()
        connection.traffic.objects.store(true, ordering: .relaxed)
        try connection.receive(":1\r\n:2\r\n")
        #expect(connection.traffic.events == [.received(.integer(1)), .disconnected])
    }

    @Test func `Leaving says farewell and waits for the server, not forever`() throws {
        let polite = try Connection.ready()
        polite.shutDown()
        #expect(polite.traffic.events == [.sent(.quit)])
        try polite.receive("+OK\r\n")
        polite.closedByServer()
        #expect(polite.traffic.events.last == .disconnected)
        #expect(polite.report.map { $0.error == nil } == true)

        let deaf = try Connection.ready()
        deaf.shutDown()
        deaf.advance(by: .seconds(1))
        #expect(deaf.traffic.events == [.sent(.quit), .disconnected])
        #expect(!deaf.isActive)
    }

    @Test func `A connection lost by the server is reported once`() throws {
        let connection = try Connection.ready()
        connection.closedByServer()
        #expect(connection.traffic.events == [.disconnected])
        #expect(connection.report?.error as? RedisConnectionError == .closedByServer)
    }
}

/// A channel with the handler under test, its traffic and its report.
private final class Connection {
    let traffic = RecordingTraffic()
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    private(set) var report: RedisConnectionHandler.Report?

    init() throws {
        self.channel = EmbeddedChannel(loop: loop)
        let promise = loop.makePromise(of: RedisConnectionHandler.Report.self)
        let handler = try RedisConnectionHandler(
            configuration: RedisConfiguration(address: .tcp(host: "localhost", port: 1)),
            role: .commands,
            traffic: traffic,
            now: loop.now,
            report: promise,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onReady: {}
        )
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        promise.futureResult.assumeIsolated().whenSuccess { self.report = $0 }
    }

    static func ready() throws -> Connection {
        let connection = try Connection()
        try connection.receive("+OK\r\n+PONG\r\n")
        connection.traffic.forget()
        return connection
    }

    var isActive: Bool { channel.isActive }

    func receive(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    func sent() throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: buffer)
        }
        return text
    }

    func advance(by time: TimeAmount) {
        loop.advanceTime(by: time)
    }

    func shutDown() {
        channel.triggerUserOutboundEvent(RedisConnectionHandler.ShutDown(), promise: nil)
    }

    func closedByServer() {
        channel.close(promise: nil)
        loop.run()
    }
}

private final class RecordingTraffic: RedisTraffic {
    enum Event: Equatable {
        case connected, readCompleted, writabilityChanged, disconnected
        case received(RedisReply)
        case sent(RedisControl)
    }

    let objects = Atomic(false)
    private let recorded = Mutex<[Event]>([])

    var events: [Event] { recorded.withLock { $0 } }

    func forget() { recorded.withLock { $0 = [] } }

    private func record(_ event: Event) { recorded.withLock { $0.append(event) } }

    func connected(_ channel: any Channel) { record(.connected) }
    func readCompleted() { record(.readCompleted) }
    func writabilityChanged() { record(.writabilityChanged) }
    func send(_ control: RedisControl) { record(.sent(control)) }
    func disconnected() { record(.disconnected) }

    func received(_ reply: RedisReply) throws(RedisConnectionError) {
        record(.received(reply))
        if objects.load(ordering: .relaxed) { throw .protocolViolation("objected") }
    }
}
