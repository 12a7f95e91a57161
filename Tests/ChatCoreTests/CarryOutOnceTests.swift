import ChatCore
import Testing

struct CarryOutOnceTests {
    /// `max_duration_seconds` is 300 by default (`contract/rest.md`).
    @Test func aRepetitionWaitsAsLongAsBackendsTake() {
        #expect(CarryOutOnce.Timing().patience > .seconds(300))
    }
}
