package import NIOCore

/// Reads what a client sends: takes bytes, split anywhere, and tells what each of its frames comes to (RFC 6455,
/// sections 5 to 8).
///
/// A value-type machine without I/O. What the protocol forbids is refused at the first byte that shows it, in the
/// middle of a frame, too. Payload is copied once, when it is unmasked on its way into the message; a message is held
/// as far as it has arrived, never as far as a header says it will, and never beyond the limit.
package struct MessageDecoder: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Size of one message, its fragments summed.
        package var messageBytes: Int
        package var acceptsBinary: Bool

        package init(messageBytes: Int, acceptsBinary: Bool) {
            self.messageBytes = messageBytes
            self.acceptsBinary = acceptsBinary
        }
    }

    /// What one frame comes to.
    package enum Event: Hashable, Sendable {
        /// The message goes on.
        case fragment
        case text(ByteBuffer)
        case binary(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        /// The client closes; `nil` when it gave no code. Nothing is read after it.
        case close(UInt16?)
        /// The connection is to be failed. Nothing is read after it.
        case fail(CloseCode, String)
    }

    private enum State {
        /// Before a frame, or in its header. Exits: `payload`, `ended`.
        case header
        /// Exits: `header`, `ended`.
        case payload(FrameHeader, leftBytes: Int)
        /// The client has closed, or broken the protocol: what it still sends is thrown away.
        case ended
    }

    private enum MessageKind {
        case text
        case binary
    }

    private let limits: Limits
    private var state = State.header
    private var header = FrameHeaderReader()
    /// `nil` between messages.
    private var kind: MessageKind?
    /// The message, as far as it has arrived.
    private var message = ByteBuffer()
    private var text = UTF8Validator()
    /// The payload of the control frame under way, which may stand between the fragments of a message.
    private var control = ByteBuffer()
    private var closeReason = UTF8Validator()

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Takes bytes up to the end of a frame.
    ///
    /// - Returns: what the frame comes to, after which there may be more; `nil` when the bytes are used up before its
    /// end.
    package mutating func next(_ bytes: inout ByteBuffer) -> Event? {
        do throws(ProtocolViolation) {
            return try decode(&bytes)
        } catch {
            end()
            return .fail(error.code, error.reason)
        }
    }

    private mutating func decode(_ bytes: inout ByteBuffer) throws(ProtocolViolation) -> Event? {
        while true {
            switch state {
            case .header:
                guard let byte = bytes.readInteger(as: UInt8.self) else { return nil }
                guard let header = try header.take(byte, expectation) else { continue }
                begin(header)
            case .payload(var header, let leftBytes):
                let count = min(leftBytes, bytes.readableBytes)
                if count > 0 { try take(count, of: &header, from: &bytes) }
                state = .payload(header, leftBytes: leftBytes - count)
                guard count == leftBytes else { return nil }
                state = .header
                return try end(of: header)
            case .ended:
                bytes.moveReaderIndex(to: bytes.writerIndex)
                return nil
            }
        }
    }

    private var expectation: FrameHeaderReader.Expectation {
        FrameHeaderReader.Expectation(
            isInMessage: kind != nil,
            acceptsBinary: limits.acceptsBinary,
            roomBytes: limits.messageBytes - message.readableBytes
        )
    }

    private mutating func begin(_ header: FrameHeader) {
        state = .payload(header, leftBytes: header.payloadBytes)
        switch header.opcode {
        case .text: kind = .text
        case .binary: kind = .binary
        case .continuation, .close, .ping, .pong: break
        }
    }

    // MARK: Payload

    private mutating func take(
        _ count: Int,
        of header: inout FrameHeader,
        from bytes: inout ByteBuffer
    ) throws(ProtocolViolation) {
        switch header.opcode {
        case .text, .binary, .continuation:
            Self.unmask(count, of: &bytes, with: &header.mask, into: &message)
            guard kind == .text else { return }
            guard text.append(message, last: count) else {
                throw ProtocolViolation(code: .invalidText, reason: "the text is not UTF-8")
            }
        case .ping, .pong:
            Self.unmask(count, of: &bytes, with: &header.mask, into: &control)
        case .close:
            let codeLeft = max(2 - control.readableBytes, 0)
            Self.unmask(count, of: &bytes, with: &header.mask, into: &control)
            guard count >= codeLeft else { return }
            if codeLeft > 0 { try checkCloseCode() }
            guard closeReason.append(control, last: count - codeLeft) else { throw Self.badReason }
        }
    }

    private static func unmask(
        _ count: Int,
        of bytes: inout ByteBuffer,
        with mask: inout FrameMask,
        into target: inout ByteBuffer
    ) {
        target.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            bytes.readWithUnsafeReadableBytes { source in
                mask.unmask(UnsafeRawBufferPointer(rebasing: source.prefix(count)), into: target)
                return count
            }
            return count
        }
    }

    /// The codes a peer may send: those of RFC 6455, section 7.4.1, with the registered 1012…1014, and 3000…4999.
    private func checkCloseCode() throws(ProtocolViolation) {
        switch closeCode ?? 0 {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: throw .protocolError("the close code is not valid")
        }
    }

    private var closeCode: UInt16? {
        control.getInteger(at: control.readerIndex)
    }

    private static let badReason = ProtocolViolation(code: .invalidText, reason: "the close reason is not UTF-8")

    // MARK: Ends

    private mutating func end(of header: FrameHeader) throws(ProtocolViolation) -> Event {
        switch header.opcode {
        case .text, .binary, .continuation:
            guard header.isLast else { return .fragment }
            return try endMessage()
        case .ping: return .ping(takeControl())
        case .pong:
            _ = takeControl()
            return .pong
        case .close:
            guard closeReason.isWhole else { throw Self.badReason }
            let code = closeCode
            end()
            return .close(code)
        }
    }

    private mutating func endMessage() throws(ProtocolViolation) -> Event {
        guard text.isWhole else {
            throw ProtocolViolation(code: .invalidText, reason: "the text ends in mid-character")
        }
        let isText = kind == .text
        let whole = message
        kind = nil
        message = ByteBuffer()
        return isText ? .text(whole) : .binary(whole)
    }

    private mutating func takeControl() -> ByteBuffer {
        defer { control = ByteBuffer() }
        return control
    }

    private mutating func end() {
        state = .ended
        message = ByteBuffer()
        control = ByteBuffer()
    }
}

extension UTF8Validator {
    /// Takes the last `count` bytes of the buffer.
    fileprivate mutating func append(_ buffer: ByteBuffer, last count: Int) -> Bool {
        buffer.withUnsafeReadableBytes { append(UnsafeRawBufferPointer(rebasing: $0.suffix(count))) }
    }
}
