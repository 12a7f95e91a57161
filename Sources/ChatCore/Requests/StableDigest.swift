/// A short fingerprint of a request, equal on every node and in every version (FNV-1a, 128 bits). It tells a repetition
/// from another request of the same client; it is no protection against forgery and needs none, as keys are per client.
enum StableDigest {
    static func hexadecimal(of bytes: [UInt8]) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
        for byte in bytes {
            hash = (hash ^ UInt128(byte)) &* prime
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }
}
