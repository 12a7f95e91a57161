/// Counts what happened lately, up to the number that is too much.
///
/// A value-type machine without I/O; times are handed in, and do not go back.
struct RecentEvents: Sendable {
    private let maximum: Int
    private let window: Duration
    /// At most `maximum`.
    private var times: [ContinuousClock.Instant] = []

    init(maximum: Int, window: Duration) {
        self.maximum = maximum
        self.window = window
    }

    /// - Returns: whether this one makes it `maximum` within the window.
    mutating func add(_ now: ContinuousClock.Instant) -> Bool {
        times.removeAll { $0 <= now - window }
        if times.count < maximum { times.append(now) }
        return times.count >= maximum
    }
}
