import ChatRuntime
import Testing

@testable import ChatGateway

@Suite struct RunningOperationsTests {
    private let operations = RunningOperations()
    private let drain = DrainState()

    @Test func waitsForWhatRuns() async {
        #expect(operations.began(unless: drain))
        drain.beginDraining()
        let ended = Task {
            await operations.untilNone(before: .now + .seconds(60))
            return true
        }
        operations.ended()
        #expect(await ended.value)
    }

    @Test func letsNothingInOnceTheNodeGoesAway() async {
        drain.beginDraining()
        #expect(!operations.began(unless: drain))
        await operations.untilNone(before: .now + .seconds(3600))
    }

    @Test func waitsNoLongerThanToTheDeadline() async {
        #expect(operations.began(unless: drain))
        await operations.untilNone(before: .now)
    }
}
