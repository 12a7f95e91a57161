import NIOCore
import Testing

@testable import ChatBackends

@Suite struct RetryPolicyTests {
    private func pause(
        _ reason: BackendFailure.Reason,
        attempt: Int = 1,
        remaining: TimeAmount = .seconds(60),
        retryAfter: Int? = nil,
        jitter: Double = 1
    ) -> TimeAmount? {
        var policy = RetryPolicy()
        policy.maximumAttempts = 100
        let failure = BackendFailure(reason, "", retryAfterSeconds: retryAfter)
        return policy.pause(after: failure, attempt: attempt, remaining: remaining, jitter: jitter)
    }

    @Test func `Pauses double up to five seconds, with full jitter`() {
        let longest = (1...8).map { pause(.connection, attempt: $0)?.milliseconds }
        #expect(longest == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(pause(.connection, attempt: 8, jitter: 0) == .zero)
        #expect(pause(.connection, attempt: 99)?.milliseconds == 5000)
    }

    @Test func `Only what may pass is tried again`() {
        for reason in [
            BackendFailure.Reason.connection, .brokenOff, .timeout(milliseconds: 1), .status(429), .status(503),
        ] {
            #expect(pause(reason) != nil)
        }
        for reason in [
            BackendFailure.Reason.status(500), .status(404), .malformed, .incomplete, .reported,
            .overloaded(milliseconds: nil), .overloaded(milliseconds: 1), .refusedAddress, .circuitOpen,
        ] {
            #expect(pause(reason) == nil)
        }
    }

    @Test func `Retry-After is honoured up to five seconds`() {
        #expect(pause(.status(503), retryAfter: 2) == .seconds(2))
        #expect(pause(.status(503), retryAfter: 600) == .seconds(5))
        #expect(pause(.status(503), retryAfter: -1) == .zero)
        #expect(pause(.status(503), retryAfter: .max) == .seconds(5))
    }

    @Test func `No pause outlasts the budget`() {
        #expect(pause(.status(503), remaining: .seconds(1), retryAfter: 2) == nil)
        #expect(pause(.connection, remaining: .zero, jitter: 0) == nil)
    }

    @Test func `Three attempts by default`() {
        let failure = BackendFailure(.connection, "")
        let policy = RetryPolicy()
        #expect(policy.pause(after: failure, attempt: 2, remaining: .seconds(9), jitter: 1) != nil)
        #expect(policy.pause(after: failure, attempt: 3, remaining: .seconds(9), jitter: 1) == nil)
    }
}
