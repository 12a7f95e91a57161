import Testing

@testable import ChatStorage

@Suite struct BackoffTests {
    @Test func delaysDoubleUpToFiveSeconds() {
        var backoff = Backoff()
        #expect(backoff.isDue(.at(0)))
        var delays: [UInt64] = []
        for _ in 0..<8 {
            backoff.failed(at: .at(0), jitter: 1)
            delays.append((backoff.notBefore?.nanoseconds ?? 0) / 1_000_000)
        }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(!backoff.isDue(.at(4999)))
        #expect(backoff.isDue(.at(5000)))
        backoff.succeeded()
        #expect(backoff.isDue(.at(0)))
        #expect(backoff.failures == 0)
    }

    @Test func jitterHalvesADelayAtMost() {
        var backoff = Backoff()
        backoff.failed(at: .at(1000), jitter: 0)
        #expect(backoff.notBefore == .at(1050))
        backoff.failed(at: .at(1000), jitter: -7)
        #expect(backoff.notBefore == .at(1100))
    }
}
