/// Reads the header of one frame after the other, byte by byte, and refuses each at the first byte that shows what is
/// wrong with it.
///
/// A value-type machine without I/O. After an error it is of no use.
struct FrameHeaderReader: Sendable {
    /// What the frames before leave open to this one.
    struct Expectation: Sendable {
        /// Whether a message has begun and not ended.
        var isInMessage: Bool
        var acceptsBinary: Bool
        /// What the message may still grow by.
        var roomBytes: Int
    }

    private enum State {
        /// Between two frames. Exits: `length`.
        case opcode
        /// Exits: `extendedLength`, `mask`.
        case length
        /// Exits: `mask`.
        case extendedLength(bytes: Int, left: Int)
        /// Exits: `opcode`, with the header.
        case mask(bytes: Int)
    }

    private var state = State.opcode
    private var opcode = FrameHeader.Opcode.continuation
    private var isLast = false
    private var length: UInt64 = 0
    private var key: UInt32 = 0

    /// Takes the next byte.
    ///
    /// - Returns: the header, when this was its last byte.
    mutating func take(_ byte: UInt8, _ expected: Expectation) throws(ProtocolViolation) -> FrameHeader? {
        switch state {
        case .opcode:
            try takeOpcode(byte, expected)
            state = .length
        case .length:
            try takeLength(byte, expected)
        case .extendedLength(let bytes, let left):
            try takeExtendedLength(byte, bytes: bytes, left: left - 1, expected)
        case .mask(let bytes):
            key |= UInt32(byte) << (8 * bytes)
            guard bytes == 3 else {
                state = .mask(bytes: bytes + 1)
                return nil
            }
            defer { self = FrameHeaderReader() }
            return FrameHeader(opcode: opcode, isLast: isLast, payloadBytes: Int(length), mask: FrameMask(key: key))
        }
        return nil
    }

    private mutating func takeOpcode(_ byte: UInt8, _ expected: Expectation) throws(ProtocolViolation) {
        guard byte & 0x70 == 0 else { throw .protocolError("a reserved bit is set") }
        guard let opcode = FrameHeader.Opcode(rawValue: byte & 0x0F) else {
            throw .protocolError("the opcode is reserved")
        }
        self.opcode = opcode
        isLast = byte & 0x80 != 0
        switch opcode {
        case .text, .binary:
            guard !expected.isInMessage else { throw .protocolError("a message begins inside another") }
            guard opcode == .text || expected.acceptsBinary else {
                throw ProtocolViolation(code: .unsupportedData, reason: "binary messages are not understood")
            }
        case .continuation:
            guard expected.isInMessage else { throw .protocolError("there is nothing to continue") }
        case .close, .ping, .pong:
            guard isLast else { throw .protocolError("a control frame is fragmented") }
        }
    }

    private mutating func takeLength(_ byte: UInt8, _ expected: Expectation) throws(ProtocolViolation) {
        guard byte & 0x80 != 0 else { throw .protocolError("a frame is not masked") }
        let code = byte & 0x7F
        if opcode.isControl {
            guard code <= 125 else { throw .protocolError("a control frame is too long") }
            guard opcode != .close || code != 1 else { throw .protocolError("half a close code") }
        }
        switch code {
        case 126: state = .extendedLength(bytes: 2, left: 2)
        case 127: state = .extendedLength(bytes: 8, left: 8)
        default: try endLength(UInt64(code), expected)
        }
    }

    /// - Parameter left: so many bytes of the length are to come after this one.
    private mutating func takeExtendedLength(
        _ byte: UInt8,
        bytes: Int,
        left: Int,
        _ expected: Expectation
    ) throws(ProtocolViolation) {
        length = length << 8 | UInt64(byte)
        // The least and the most that the length can still be.
        let least = length << (8 * left)
        let most = least | ((1 << (8 * left)) - 1)
        guard least <= UInt64(Int64.max) else { throw .protocolError("the length is negative") }
        guard most >= (bytes == 2 ? 126 : 65_536) else { throw .protocolError("the length has a shorter form") }
        guard left > 0 else { return try endLength(length, expected) }
        try checkRoom(least, expected)
        state = .extendedLength(bytes: bytes, left: left)
    }

    private mutating func endLength(_ length: UInt64, _ expected: Expectation) throws(ProtocolViolation) {
        try checkRoom(length, expected)
        self.length = length
        state = .mask(bytes: 0)
    }

    private func checkRoom(_ length: UInt64, _ expected: Expectation) throws(ProtocolViolation) {
        guard opcode.isControl || length <= UInt64(max(expected.roomBytes, 0)) else {
            throw ProtocolViolation(code: .messageTooBig, reason: "the message is too big")
        }
    }
}
