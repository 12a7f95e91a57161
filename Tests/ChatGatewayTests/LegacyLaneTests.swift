import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import ChatGateway

@Suite(.timeLimit(.minutes(1))) struct LegacyLaneTests {
    /// A client that takes what it is given when the test says so.
    private final class Client: Sendable {
        private let state = Mutex((owed: 0, mostOwed: 0))
        let given: AsyncStream<(flow: StreamFlow, bytes: Int)>
        private let tell: AsyncStream<(flow: StreamFlow, bytes: Int)>.Continuation

        init() {
            (given, tell) = AsyncStream.makeStream()
        }

        /// The most bytes it was ever owed at once.
        var mostOwed: Int { state.withLock { $0.mostOwed } }

        func give(_ text: [UInt8], _ flow: StreamFlow) {
            state.withLock { state in
                state.owed += text.count
                state.mostOwed = max(state.mostOwed, state.owed)
            }
            tell.yield((flow, text.count))
        }

        func take(_ flow: StreamFlow, _ bytes: Int) {
            state.withLock { $0.owed -= bytes }
            flow.taken(bytes)
        }
    }

    private func makeFlow() -> StreamFlow {
        let loop = NIOAsyncTestingEventLoop()
        return StreamFlow(eventLoop: loop, patience: ClientPatience(eventLoop: loop, span: .hours(1)))
    }

    @Test func boundsWhatRuns() {
        let lane = LegacyLane(maximum: 2)
        let first = lane.begin()
        let second = lane.begin()
        let third = lane.begin()
        #expect([first, second, third] == [true, true, false])
        lane.ended()
        let fourth = lane.begin()
        #expect(fourth)
    }

    @Test func largeAnswersAreHandedOverOneAfterTheOther() async {
        let lane = LegacyLane(maximum: 50)
        let client = Client()
        let text = [UInt8](repeating: 0x61, count: StreamFlow.pauseBytes + 1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { await lane.send(text, over: makeFlow) { client.give($0, $1) } }
            }
            for await (flow, bytes) in client.given.prefix(50) { client.take(flow, bytes) }
        }
        #expect(client.mostOwed == text.count)
    }

    @Test func smallAnswersWaitForNobody() async {
        let lane = LegacyLane(maximum: 50)
        let client = Client()
        for _ in 0..<50 { await lane.send([0x61], over: makeFlow) { client.give($0, $1) } }
        #expect(client.mostOwed == 50)
    }
}
