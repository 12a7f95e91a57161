/// Growing pauses between attempts: doubled each time up to a longest one, with full jitter.
public struct Backoff: Sendable {
    private var current: Duration
    private let longest: Duration

    public init(first: Duration, longest: Duration) {
        self.current = first
        self.longest = longest
    }

    /// The pause before the next attempt.
    public mutating func next() -> Duration {
        let bound = current
        current = min(current * 2, longest)
        return bound * Double.random(in: 0.5...1)
    }
}
