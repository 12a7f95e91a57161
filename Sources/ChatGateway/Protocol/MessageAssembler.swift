import NIOCore
import NIOWebSocket

/// Puts a peer's frames together into text messages and tells what its control frames ask for (RFC 6455, section 5).
///
/// A value-type machine without I/O. After `.fail` the connection is to be closed and nothing more to be fed.
struct MessageAssembler: Sendable {
    enum Action: Equatable, Sendable {
        case none
        case text(ByteBuffer)
        case ping(ByteBuffer)
        case pong
        /// The peer closes; `nil` when it gave no code.
        case close(UInt16?)
        case fail(CloseCode, String)
    }

    private let maximumBytes: Int
    /// The fragments of the message under way.
    private var fragments: ByteBuffer?

    /// - Parameter maximumBytes: largest message, its fragments summed.
    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    mutating func frameArrived(_ frame: WebSocketFrame) -> Action {
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .fail(.protocolError, "a reserved bit is set") }
        guard frame.maskKey != nil else { return .fail(.protocolError, "a frame is not masked") }
        let data = frame.unmaskedData
        switch frame.opcode {
        case .text:
            guard fragments == nil else { return .fail(.protocolError, "a message begins inside another") }
            return append(data, isLast: frame.fin)
        case .continuation:
            guard fragments != nil else { return .fail(.protocolError, "there is nothing to continue") }
            return append(data, isLast: frame.fin)
        case .binary: return .fail(.unsupportedData, "binary messages are not understood")
        case .ping: return frame.fin ? .ping(data) : .fail(.protocolError, "a control frame is fragmented")
        case .pong: return frame.fin ? .pong : .fail(.protocolError, "a control frame is fragmented")
        case .connectionClose: return close(data)
        default: return .fail(.protocolError, "the opcode is reserved")
        }
    }

    private mutating func append(_ data: ByteBuffer, isLast: Bool) -> Action {
        // Taken out, so that it is the only reference and grows in place: a message may come in very many fragments.
        var message = fragments ?? ByteBuffer()
        fragments = nil
        guard message.readableBytes + data.readableBytes <= maximumBytes else {
            return .fail(.messageTooBig, "the message is too big")
        }
        if message.readableBytes == 0 {
            message = data
        } else {
            message.writeImmutableBuffer(data)
        }
        guard isLast else {
            fragments = message
            return .none
        }
        guard String(validating: message.readableBytesView, as: UTF8.self) != nil else {
            return .fail(.invalidText, "the text is not UTF-8")
        }
        return .text(message)
    }

    private func close(_ data: ByteBuffer) -> Action {
        var data = data
        guard data.readableBytes > 0 else { return .close(nil) }
        guard let code = data.readInteger(as: UInt16.self), Self.isValid(code) else {
            return .fail(.protocolError, "the close code is not valid")
        }
        guard String(validating: data.readableBytesView, as: UTF8.self) != nil else {
            return .fail(.invalidText, "the close reason is not UTF-8")
        }
        return .close(code)
    }

    /// The codes a peer may send: those of RFC 6455, section 7.4.1, with the registered 1012…1014, and 3000…4999.
    private static func isValid(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
