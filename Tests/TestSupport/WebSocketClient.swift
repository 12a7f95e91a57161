public import ChatCore
import Foundation
import NIOCore
public import NIOWebSocket

/// A WebSocket connection of a test to a gateway.
///
/// Envelopes wait in an inbox until the test takes them; every wait has a bound and fails with a list of what had
/// arrived. It fails, too, when anything that had arrived is not as `docs/asyncapi.yaml` describes it.
public final class WebSocketClient: Sendable {
    /// How long a wait lasts unless told.
    public static let patience: Duration = .seconds(15)

    /// The answer of the handshake, by lower-case name.
    public let handshakeHeaders: [String: String]
    private let channel: any Channel
    private let inbox: Watched<WebSocketInbox>

    init(channel: any Channel, inbox: Watched<WebSocketInbox>, handshakeHeaders: [String: String]) {
        self.channel = channel
        self.inbox = inbox
        self.handshakeHeaders = handshakeHeaders
    }

    deinit {
        channel.close(promise: nil)
    }

    // MARK: Sending

    /// Sends an envelope and returns its id.
    ///
    /// - Parameter isWrong: the test means to send what is not as described.
    /// - Throws: ``TestSupportError`` when it is not as described and was not meant to, or the other way round.
    @discardableResult
    public func send(
        _ type: String,
        _ payload: JSONValue,
        id: String? = nil,
        isWrong: Bool = false
    ) async throws -> String {
        let id = id ?? UUID().uuidString.lowercased()
        let frame: JSONValue = ["id": .string(id), "type": .string(type), "payload": payload]
        let faults = try SocketDescription.shared().faults(inRequest: frame)
        guard faults.isEmpty != isWrong else {
            throw TestSupportError(
                isWrong
                    ? "the \(type) is meant to be wrong, and is as docs/asyncapi.yaml has it"
                    : "the \(type) is not as docs/asyncapi.yaml has it: \(faults.joined(separator: "; "))"
            )
        }
        try await send(frame)
        return id
    }

    /// Sends any JSON as a text frame.
    public func send(_ json: JSONValue) async throws {
        inbox.update { $0.sent(json) }
        try await sendText(json.text)
    }

    /// Sends envelopes of one type in one write, in this order, and returns their ids.
    public func sendTogether(_ type: String, _ payloads: [JSONValue]) async throws -> [String] {
        let ids = payloads.map { _ in UUID().uuidString.lowercased() }
        try await sendTogether(
            zip(ids, payloads).map { ["id": .string($0), "type": .string(type), "payload": $1] }
        )
        return ids
    }

    /// Sends envelopes in one write, in this order.
    public func sendTogether(_ envelopes: [JSONValue]) async throws {
        for envelope in envelopes { inbox.update { $0.sent(envelope) } }
        try await sendBytes(envelopes.flatMap { ClientFrame.text($0.text).bytes })
    }

    public func sendText(_ text: String) async throws {
        try await sendFrame(.text, Array(text.utf8))
    }

    /// Sends one frame, as wrong as the test wants it.
    public func sendFrame(
        _ opcode: WebSocketOpcode,
        _ bytes: [UInt8],
        isLast: Bool = true,
        reservedBit: Bool = false,
        isMasked: Bool = true
    ) async throws {
        let frame = WebSocketFrame(
            fin: isLast,
            rsv1: reservedBit,
            opcode: opcode,
            maskKey: isMasked ? .random() : nil,
            data: ByteBuffer(bytes: bytes)
        )
        try await channel.writeAndFlush(frame).get()
    }

    /// Sends frames that the frame encoder does not make, in one write.
    public func send(_ frames: ClientFrame...) async throws {
        try await sendBytes(frames.flatMap(\.bytes))
    }

    /// Sends bytes as they are.
    public func sendBytes(_ bytes: [UInt8]) async throws {
        try await channel.eventLoop.flatSubmit { [channel] in
            let promise = channel.eventLoop.makePromise(of: Void.self)
            do {
                let encoder = try channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
                encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: promise)
            } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }.get()
    }

    // MARK: Receiving

    /// The next envelope, whatever it is.
    public func next(timeout: Duration = patience) async throws -> Envelope {
        try await wait("an envelope", timeout) { $0.takeFirst { _ in true } }
    }

    /// The first envelope not yet taken that fits; others stay where they are.
    ///
    /// - Throws: ``TestSupportError`` when none comes within `timeout`, or the connection ends first.
    @discardableResult
    public func expect(
        _ type: String,
        requestID: String? = nil,
        timeout: Duration = patience,
        where isWanted: @Sendable (Envelope) -> Bool = { _ in true }
    ) async throws -> Envelope {
        try await wait("\(type)\(requestID.map { " for \($0)" } ?? "")", timeout) { inbox in
            inbox.takeFirst { $0.type == type && (requestID == nil || $0.requestID == requestID) && isWanted($0) }
        }
    }

    /// The first envelope not yet taken that fits, whatever its type.
    public func expect(
        timeout: Duration = patience,
        where isWanted: @Sendable (Envelope) -> Bool
    ) async throws -> Envelope {
        try await wait("the envelope", timeout) { $0.takeFirst(isWanted) }
    }

    /// Every envelope up to and with the first that fits.
    public func collect(
        timeout: Duration = patience,
        until isWanted: @Sendable (Envelope) -> Bool
    ) async throws -> [Envelope] {
        try await wait("an envelope that ends the collection", timeout) { $0.takeThrough(isWanted) }
    }

    /// What has arrived and was not taken, at this moment.
    public var waiting: [Envelope] { inbox.current.envelopes }

    /// Everything that has arrived, for the message of a failed expectation.
    public var summary: String { inbox.current.summary }

    /// Waits for the end of the connection.
    ///
    /// - Returns: the code of the close frame; `nil` when the connection went away without one.
    public func closeCode(timeout: Duration = patience) async throws -> UInt16? {
        let end = await inbox.wait(timeout: timeout) { $0.end == .open ? nil : $0.end }
        try inbox.current.check()
        switch end {
        case .closed(let code, _): return code
        case .dropped: return nil
        case .open, nil: throw TestSupportError("the connection is still open; \(summary)")
        }
    }

    /// Nothing more comes, except what has arrived already.
    public var hasEnded: Bool { inbox.current.end != .open }

    /// Waits until the transport is closed.
    public func untilGone(timeout: Duration = patience) async throws {
        guard await inbox.wait(timeout: timeout, { $0.isGone ? true : nil }) != nil else {
            throw TestSupportError("the transport is still open; \(summary)")
        }
        try inbox.current.check()
    }

    /// Sends a ping and waits for its pong: after that, the gateway has read all that was sent before.
    public func ping(timeout: Duration = patience) async throws {
        let data = Array(UUID().uuidString.utf8)
        try await sendFrame(.ping, data)
        _ = try await wait("the pong", timeout) { $0.pongs.contains(data) ? true : nil }
    }

    // MARK: Ending

    /// Sends a close frame and waits until the gateway has closed.
    public func close(code: UInt16 = 1000) async throws {
        try await sendFrame(.connectionClose, [UInt8(code >> 8), UInt8(code & 0xFF)])
        try await untilGone()
    }

    /// Resets the transport, as a client that lost its network.
    public func abort() async throws {
        try await channel.resetOnClose().get()
        try await channel.close().get()
    }

    /// Takes nothing from the socket until ``resumeReading()``.
    public func pauseReading() async throws {
        try await channel.setOption(.autoRead, value: false).get()
    }

    public func resumeReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
        channel.read()
    }

    /// Reads no faster than this, in ten helpings a second, until the connection ends.
    public func readSlowly(bytesPerSecond: Int) async throws {
        let helping = FixedSizeRecvByteBufferAllocator(capacity: max(bytesPerSecond / 10, 1))
        try await channel.setOption(.autoRead, value: false).get()
        try await channel.setOption(.maxMessagesPerRead, value: 1).get()
        try await channel.setOption(.recvAllocator, value: helping).get()
        let reading = channel.eventLoop.scheduleRepeatedTask(
            initialDelay: .zero,
            delay: .milliseconds(100)
        ) { [channel] _ in channel.read() }
        channel.closeFuture.whenComplete { _ in reading.cancel() }
    }

    private func wait<Found: Sendable>(
        _ what: String,
        _ timeout: Duration,
        _ take: (inout WebSocketInbox) -> Found?
    ) async throws -> Found {
        let found: Found?? = await inbox.wait(timeout: timeout) { inbox in
            guard inbox.faults.isEmpty else { return .some(nil) }
            if let found = take(&inbox) { return .some(found) }
            return inbox.end == .open ? nil : .some(nil)
        }
        try inbox.current.check()
        switch found {
        case .some(.some(let found)): return found
        case .some(.none): throw TestSupportError("the connection ended before \(what) came; \(summary)")
        case .none: throw TestSupportError("\(what) did not come within \(timeout); \(summary)")
        }
    }
}
