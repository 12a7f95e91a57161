/// How long to wait before the next attempt to connect.
///
/// The first retry is made at once, then the wait doubles from `minimum` to `maximum`, and each is drawn from its upper
/// half so that nodes do not return in step. A connection that lived for `maximum` counts as a success and resets it;
/// one that was lost sooner does not, so that a server that drops everybody is not stormed.
struct ReconnectBackoff {
    private let minimum: Duration
    private let maximum: Duration
    /// The upper bound of the next wait; nil for none.
    private var bound: Duration?

    init(minimum: Duration, maximum: Duration) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// - Parameter lifetime: how long the last connection was ready; zero when it never was.
    mutating func next(
        afterConnectionOf lifetime: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if lifetime >= maximum { bound = nil }
        guard let current = bound else {
            bound = min(minimum, maximum)
            return .zero
        }
        bound = min(current * 2, maximum)
        return current * Double.random(in: 0.5...1, using: &generator)
    }
}
