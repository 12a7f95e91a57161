/// The key a client masks the payload of a frame with (RFC 6455, section 5.3).
struct FrameMask: Hashable, Sendable {
    /// What the next byte is masked with is its lowest byte; the others follow.
    private var key: UInt32

    /// - Parameter key: its bytes in the order they came, the first the lowest.
    init(key: UInt32) {
        self.key = key
    }

    /// Copies the next bytes of the payload and unmasks them on the way: as many as `source` has and `target` takes.
    mutating func unmask(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) {
        let count = min(source.count, target.count)
        let pattern = UInt64(key) << 32 | UInt64(key)
        var position = 0
        while count - position >= 8 {
            let masked = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            target.storeBytes(of: (masked ^ pattern).littleEndian, toByteOffset: position, as: UInt64.self)
            position += 8
        }
        while position < count {
            target[position] = source[position] ^ UInt8(truncatingIfNeeded: key)
            key = key >> 8 | key << 24
            position += 1
        }
    }
}
