/// When the next attempt to connect may begin: at once after a loss, then 100 ms, doubling up to 5 s, with jitter.
struct Backoff {
    static let firstDelayMilliseconds: UInt64 = 100
    static let longestDelayMilliseconds: UInt64 = 5000

    private(set) var failures = 0
    /// `nil` when an attempt may begin at once.
    private(set) var notBefore: MonotonicTime?

    func isDue(_ now: MonotonicTime) -> Bool {
        notBefore.map { $0 <= now } ?? true
    }

    /// `jitter` in 0..<1 moves the delay between half and the whole of its step, so that nodes do not come back as one.
    mutating func failed(at now: MonotonicTime, jitter: Double) {
        failures += 1
        let step = min(Self.longestDelayMilliseconds, Self.firstDelayMilliseconds << UInt64(min(failures - 1, 16)))
        let scale = 0.5 + 0.5 * min(max(jitter, 0), 1)
        notBefore = now.advanced(byNanoseconds: UInt64(Double(step) * 1_000_000 * scale))
    }

    mutating func succeeded() {
        failures = 0
        notBefore = nil
    }
}
