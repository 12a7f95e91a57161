/// A short fingerprint of bytes, equal on every node and in every version (FNV-1a, 128 bits). It tells a repetition
/// from another request of the same client, and a whole cursor from a damaged one; it is no protection against forgery
/// and needs none, as keys are per client and cursors open nothing.
enum StableDigest {
    static func hash(of bytes: some Sequence<UInt8>) -> UInt128 {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
        for byte in bytes {
            hash = (hash ^ UInt128(byte)) &* prime
        }
        return hash
    }

    static func hexadecimal(of bytes: [UInt8]) -> String {
        let digits = String(hash(of: bytes), radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }
}
