internal import NIOCore

/// When a call is made again (`contract/webhook.md`, 'Retries'): on connection errors, timeouts and statuses that
/// promise to pass, up to three attempts, after exponential pauses with full jitter.
struct RetryPolicy: Hashable, Sendable {
    var maximumAttempts = 3
    var firstPause = TimeAmount.milliseconds(100)
    /// Bound of every pause, of one the backend asks for by `Retry-After` too.
    var longestPause = TimeAmount.seconds(5)

    /// The pause before the next attempt, or `nil` when there is to be none.
    ///
    /// - Parameters:
    ///   - attempt: How many attempts were made, 1 after the first.
    ///   - remaining: What is left of the budget of all attempts together.
    ///   - jitter: A random number from 0 to 1.
    func pause(
        after failure: BackendFailure,
        attempt: Int,
        remaining: TimeAmount,
        jitter: Double
    ) -> TimeAmount? {
        guard attempt < maximumAttempts, isTransient(failure.reason) else { return nil }
        let pause: TimeAmount
        if let seconds = failure.retryAfterSeconds {
            pause = min(.seconds(Int64(min(max(0, seconds), 3600))), longestPause)
        } else {
            let bound = min(firstPause * (1 << min(attempt - 1, 16)), longestPause)
            pause = .nanoseconds(Int64(Double(bound.nanoseconds) * min(max(0, jitter), 1)))
        }
        return pause < remaining ? pause : nil
    }

    private func isTransient(_ reason: BackendFailure.Reason) -> Bool {
        switch reason {
        case .connection, .brokenOff, .timeout: true
        case .status(let code): [429, 502, 503, 504].contains(code)
        case .malformed, .incomplete, .reported, .overloaded, .refusedAddress, .circuitOpen: false
        }
    }
}
