/// A frame as a client sends it, as wrong as a test wants it.
public struct ClientFrame: Sendable {
    public enum Length: Sendable {
        case shortest
        /// In the form with two further bytes, or with eight.
        case inBytes(Int)
        /// What the header says, whatever the payload is.
        case claimed(UInt64)
    }

    /// What every frame is masked with.
    public static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    /// As it stands in the header.
    public var opcode: UInt8
    public var payload: [UInt8]
    public var isLast: Bool
    /// The first is worth 4.
    public var reservedBits: UInt8
    public var isMasked: Bool
    public var length: Length

    public init(
        opcode: UInt8,
        payload: [UInt8] = [],
        isLast: Bool = true,
        reservedBits: UInt8 = 0,
        isMasked: Bool = true,
        length: Length = .shortest
    ) {
        self.opcode = opcode
        self.payload = payload
        self.isLast = isLast
        self.reservedBits = reservedBits
        self.isMasked = isMasked
        self.length = length
    }

    public static func text(_ text: String, isLast: Bool = true) -> ClientFrame {
        ClientFrame(opcode: 1, payload: Array(text.utf8), isLast: isLast)
    }

    public static func continuation(_ payload: [UInt8], isLast: Bool = true) -> ClientFrame {
        ClientFrame(opcode: 0, payload: payload, isLast: isLast)
    }

    public static func ping(_ payload: [UInt8] = []) -> ClientFrame { ClientFrame(opcode: 9, payload: payload) }

    public static func close(_ code: UInt16, reason: [UInt8] = []) -> ClientFrame {
        ClientFrame(opcode: 8, payload: [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    public var bytes: [UInt8] {
        var bytes = [(isLast ? 0x80 : 0) | reservedBits << 4 | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch length {
        case .shortest where payload.count < 126: bytes.append(mask | UInt8(payload.count))
        case .shortest: bytes += extended(UInt64(payload.count), in: payload.count <= UInt16.max ? 2 : 8, mask: mask)
        case .inBytes(let count): bytes += extended(UInt64(payload.count), in: count, mask: mask)
        case .claimed(let length): bytes += extended(length, in: 8, mask: mask)
        }
        guard isMasked else { return bytes + payload }
        return bytes + Self.key + payload.enumerated().map { $0.element ^ Self.key[$0.offset % 4] }
    }

    private func extended(_ length: UInt64, in count: Int, mask: UInt8) -> [UInt8] {
        [mask | (count == 2 ? 126 : 127)]
            + (0..<count).reversed().map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
    }
}
