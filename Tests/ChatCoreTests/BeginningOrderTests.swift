import ChatCore
import Synchronization
import Testing

@Suite struct BeginningOrderTests {
    private let order = BeginningOrder()
    private let one = SessionID.make()
    private let two = SessionID.make()

    private final class Record: Sendable {
        let events = Mutex<[String]>([])
        func note(_ event: String) { events.withLock { $0.append(event) } }
        var all: [String] { events.withLock { $0 } }
    }

    @Test func theRequestsOfASessionComeOneAfterTheOther() async {
        let record = Record()
        let turns = (0..<10).map { _ in order.enter(one) }
        await withTaskGroup(of: Void.self) { group in
            for (number, turn) in turns.enumerated().shuffled() {
                group.addTask {
                    await turn.comes(in: one)
                    record.note("\(number) comes")
                    for _ in 0..<100 { await Task.yield() }
                    record.note("\(number) is over")
                    turn.over()
                    turn.over()
                }
            }
        }
        #expect(record.all == (0..<10).flatMap { ["\($0) comes", "\($0) is over"] })
    }

    @Test func otherSessionsAreNotHeldUp() async {
        let first = order.enter(one)
        await first.comes(in: one)
        let other = order.enter(two)
        await other.comes(in: two)
        first.over()
        other.over()
    }

    @Test func nobodyGoesAheadOfARequestWhoseSessionIsNotKnownYet() async {
        let record = Record()
        let unknown = order.enter(nil)
        let (same, other) = (order.enter(one), order.enter(two))
        async let otherComes: Void = {
            await other.comes(in: two)
            record.note("other")
        }()
        for _ in 0..<1000 { await Task.yield() }
        record.note("known")
        await unknown.comes(in: one)
        await otherComes
        async let sameComes: Void = {
            await same.comes(in: one)
            record.note("same")
        }()
        for _ in 0..<1000 { await Task.yield() }
        record.note("over")
        unknown.over()
        await sameComes
        #expect(record.all == ["known", "other", "over", "same"])
    }

    @Test func aRequestThatIsRefusedBeforeItsTurnHoldsNobodyUp() async {
        let refused = order.enter(nil)
        let next = order.enter(one)
        async let comes: Void = next.comes(in: one)
        refused.over()
        await comes
    }
}
