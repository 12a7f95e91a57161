/// How fast a connection's messages may come: a token bucket, kept as the moment at which it will be full again.
///
/// A value-type machine without I/O; times are handed in.
struct MessageRate: Sendable {
    /// The bucket holds what comes in within this.
    static let burstSeconds = 2
    /// When it is worth trying again. The next token is there even sooner: the rate is one a second or more.
    static let retryAfterSeconds = 1

    private let interval: Duration
    private let burst: Duration
    private var fullAt: ContinuousClock.Instant?

    /// - Parameter perSecond: 1 or more.
    init(perSecond: Int) {
        interval = .seconds(1) / max(perSecond, 1)
        burst = interval * (max(perSecond, 1) * Self.burstSeconds)
    }

    /// Whether a message may come now; if so, it is counted.
    mutating func admits(_ now: ContinuousClock.Instant) -> Bool {
        let next = max(fullAt ?? now, now) + interval
        guard now.duration(to: next) <= burst else { return false }
        fullAt = next
        return true
    }
}
