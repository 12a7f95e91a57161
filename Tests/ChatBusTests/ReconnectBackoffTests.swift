import Testing

@testable import ChatBus

struct ReconnectBackoffTests {
    private let bounds: [Duration] = [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) }

    @Test(arguments: 0..<20)
    func `The first retry is made at once, the next after a growing and jittered wait`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var backoff = ReconnectBackoff(minimum: .milliseconds(50), maximum: .seconds(5))
        #expect(backoff.next(afterConnectionOf: .zero, using: &generator) == .zero)
        for bound in bounds {
            let delay = backoff.next(afterConnectionOf: .zero, using: &generator)
            #expect(delay >= bound / 2 && delay <= bound)
        }
    }

    @Test func `Waits differ between nodes`() {
        let delays = (UInt64(0)..<10).map { seed in
            var generator = SeededGenerator(seed: seed)
            var backoff = ReconnectBackoff(minimum: .milliseconds(50), maximum: .seconds(5))
            _ = backoff.next(afterConnectionOf: .zero, using: &generator)
            return backoff.next(afterConnectionOf: .zero, using: &generator)
        }
        #expect(Set(delays).count > 1)
    }

    @Test func `A connection that lived resets it, one that was dropped soon does not`() {
        var generator = SeededGenerator(seed: 1)
        var backoff = ReconnectBackoff(minimum: .milliseconds(50), maximum: .seconds(5))
        #expect(backoff.next(afterConnectionOf: .seconds(1), using: &generator) == .zero)
        #expect(backoff.next(afterConnectionOf: .seconds(1), using: &generator) > .zero)
        #expect(backoff.next(afterConnectionOf: .seconds(5), using: &generator) == .zero)
        #expect(backoff.next(afterConnectionOf: .zero, using: &generator) <= .milliseconds(50))
    }
}
