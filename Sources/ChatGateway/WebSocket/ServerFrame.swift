import NIOCore
import NIOWebSocket

/// Writes the frames a server sends: unmasked, never fragmented (RFC 6455, section 5.2).
package enum ServerFrame {
    /// Writes what stands before the payload.
    static func writeHeader(_ opcode: WebSocketOpcode, payloadBytes count: Int, into buffer: inout ByteBuffer) {
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
    }

    /// The payload of a close frame: as much of the reason as fits.
    package static func closePayload(_ code: CloseCode, reason: String) -> [UInt8] {
        var reason = reason
        while reason.utf8.count > maximumReasonBytes { reason.removeLast() }
        return closePayload(answering: code.rawValue) + Array(reason.utf8)
    }

    /// The payload of a close frame that answers another: its code, if it gave one.
    package static func closePayload(answering code: UInt16?) -> [UInt8] {
        code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? []
    }

    /// A control frame takes 125 bytes, the code two of them.
    private static let maximumReasonBytes = 123
}
