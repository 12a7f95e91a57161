import NIOCore
import NIOWebSocket

/// Writes the frames a server sends: unmasked, never fragmented (RFC 6455, section 5.2).
enum ServerFrame {
    static func write(_ opcode: WebSocketOpcode, _ payload: some Collection<UInt8>, into buffer: inout ByteBuffer) {
        let count = payload.count
        buffer.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        if count < 126 {
            buffer.writeInteger(UInt8(count))
        } else if count <= UInt16.max {
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(count))
        } else {
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(count))
        }
        buffer.writeBytes(payload)
    }

    /// The payload of a close frame.
    static func closePayload(_ code: CloseCode, reason: String) -> [UInt8] {
        [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + Array(reason.utf8.prefix(123))
    }
}
