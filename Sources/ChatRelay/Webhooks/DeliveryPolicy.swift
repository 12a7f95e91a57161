import ChatCore

/// What becomes of a background event after an attempt to deliver it (`contract/webhook.md`): three attempts, with
/// exponential pauses of up to five seconds and full jitter, then it is dead.
///
/// Nobody waits for it, so every failure is worth another attempt, and pauses are longer than those of a call that
/// somebody waits for. A backend whose circuit is open is not called, which counts as no attempt: its events wait for the
/// circuit, a day at most.
struct DeliveryPolicy: Hashable, Sendable {
    var maximumAttempts = 3
    var firstPauseMilliseconds: Int64 = 1000
    /// Bound of every pause, of one the backend asks for by `Retry-After` too.
    var longestPauseMilliseconds: Int64 = 5000
    var longestWaitSeconds: Int64 = 24 * 3600

    /// - Parameter jitter: a random number from 0 to 1.
    func settlement(
        of delivery: WebhookDelivery,
        after outcome: NotificationOutcome,
        now: Timestamp,
        jitter: Double
    ) -> DeliverySettlement {
        switch outcome {
        case .delivered:
            return .delivered
        case .failed(let reason, let retryAfterSeconds):
            let failed = delivery.failedAttempts + 1
            guard failed < maximumAttempts else { return .dead(failedAttempts: failed, reason: reason) }
            let pause = pause(after: failed, retryAfterSeconds: retryAfterSeconds, jitter: jitter)
            return .waiting(milliseconds: pause, failedAttempts: failed, reason: reason)
        case .postponed(let reason, let retryAfterSeconds):
            guard now < delivery.createdAt.advanced(bySeconds: longestWaitSeconds) else {
                return .dead(failedAttempts: delivery.failedAttempts, reason: reason)
            }
            return .waiting(
                milliseconds: Int64(min(max(0, retryAfterSeconds), 3600)) * 1000,
                failedAttempts: delivery.failedAttempts,
                reason: reason
            )
        }
    }

    private func pause(after failedAttempts: Int, retryAfterSeconds: Int?, jitter: Double) -> Int64 {
        if let retryAfterSeconds {
            return min(Int64(min(max(0, retryAfterSeconds), 3600)) * 1000, longestPauseMilliseconds)
        }
        var bound = firstPauseMilliseconds
        for _ in 1..<max(1, failedAttempts) { bound = min(bound * 5, longestPauseMilliseconds) }
        return Int64(Double(min(bound, longestPauseMilliseconds)) * min(max(0, jitter), 1))
    }
}
