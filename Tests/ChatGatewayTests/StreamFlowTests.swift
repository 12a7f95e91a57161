import Glibc
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import ChatGateway

@Suite struct StreamFlowTests {
    private let loop = NIOAsyncTestingEventLoop()
    private let calls = Calls()

    private final class Calls: Sendable {
        let room = Atomic(0)
        let lostPatience = Atomic(0)
        /// The thread that is in a call of `taken`.
        let takingThread = Atomic<UInt>(0)
        let roomToldOnTakingStack = Atomic(0)

        func tellRoom() {
            room.add(1, ordering: .relaxed)
            if takingThread.load(ordering: .relaxed) == pthread_self() {
                roomToldOnTakingStack.add(1, ordering: .relaxed)
            }
        }
    }

    private func patience() -> ClientPatience {
        let patience = ClientPatience(eventLoop: loop, span: .seconds(60))
        patience.whenLost { [calls] in calls.lostPatience.add(1, ordering: .relaxed) }
        return patience
    }

    private func flow(_ patience: ClientPatience? = nil) -> StreamFlow {
        StreamFlow(eventLoop: loop, patience: patience ?? self.patience()) { [calls] in
            calls.tellRoom()
        }
    }

    @Test func isFullBetweenTheTwoMarks() async {
        let flow = flow()
        #expect(flow.given(StreamFlow.pauseBytes))
        #expect(!flow.isFull)
        #expect(!flow.given(1))
        #expect(flow.isFull)
        flow.taken(1)
        #expect(!flow.given(0))
        flow.taken(StreamFlow.pauseBytes - StreamFlow.resumeBytes - 1)
        await loop.run()
        #expect(calls.room.load(ordering: .relaxed) == 0)
        flow.taken(1)
        #expect(flow.given(0))
        await loop.run()
        #expect(calls.room.load(ordering: .relaxed) == 1)
    }

    /// Whoever takes may hold a lock that giving more needs.
    @Test func roomIsNotToldOnTheStackOfWhoeverTook() async {
        let flow = flow()
        _ = flow.given(StreamFlow.pauseBytes + 1)
        calls.takingThread.store(pthread_self(), ordering: .relaxed)
        flow.taken(StreamFlow.pauseBytes + 1)
        calls.takingThread.store(0, ordering: .relaxed)
        await loop.run()
        #expect(calls.room.load(ordering: .relaxed) == 1)
        #expect(calls.roomToldOnTakingStack.load(ordering: .relaxed) == 0)
    }

    @Test func losesPatienceWithWhoTakesNothing() async {
        let flow = flow()
        _ = flow.given(StreamFlow.pauseBytes + 1)
        await loop.advanceTime(by: .seconds(59))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 0)
        await loop.advanceTime(by: .seconds(1))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 1)
    }

    @Test func bearsWithWhoIsSlow() async {
        let flow = flow()
        for _ in 0..<10 {
            #expect(!flow.given(StreamFlow.pauseBytes + 1))
            await loop.advanceTime(by: .seconds(40))
            flow.taken(StreamFlow.pauseBytes + 1)
            await loop.advanceTime(by: .seconds(40))
        }
        #expect(calls.lostPatience.load(ordering: .relaxed) == 0)
        #expect(calls.room.load(ordering: .relaxed) == 10)
    }

    /// However much there is for the client, and whichever stream it belongs to.
    @Test func bearsWithWhoTakesSomethingInEverySpan() async {
        let patience = patience()
        let flows = [flow(patience), flow(patience)]
        for flow in flows { _ = flow.given(10 << 20) }
        for _ in 0..<10 {
            patience.taken(ClientPatience.minimumBytes)
            await loop.advanceTime(by: .seconds(60))
        }
        #expect(calls.lostPatience.load(ordering: .relaxed) == 0)
        #expect(patience.isTried)
        patience.taken(ClientPatience.minimumBytes - 1)
        await loop.advanceTime(by: .seconds(59))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 0)
        await loop.advanceTime(by: .seconds(1))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 1)
        await loop.advanceTime(by: .hours(1))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 1)
    }

    @Test func whatHasRoomOrIsClosedTriesNobodysPatience() async {
        let patience = patience()
        let flows = [flow(patience), flow(patience), flow(patience)]
        for flow in flows { _ = flow.given(1 << 20) }
        flows[0].taken(1 << 20)
        flows[1].close()
        #expect(patience.isTried)
        flows[2].close()
        flows[2].taken(1 << 20)
        #expect(!patience.isTried)
        await loop.advanceTime(by: .hours(1))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 0)
    }

    @Test func whoWaitsGoesOnWithRoom() async {
        let flow = flow()
        await flow.waitForRoom()
        _ = flow.given(StreamFlow.pauseBytes + 1)
        async let waiting: Void = flow.waitForRoom()
        flow.taken(StreamFlow.pauseBytes + 1 - StreamFlow.resumeBytes)
        await waiting
    }

    @Test func whoIsCancelledDoesNotWait() async {
        let flow = flow()
        _ = flow.given(StreamFlow.pauseBytes * 2)
        let task = Task { await flow.waitForRoom() }
        task.cancel()
        await task.value
    }

    @Test func aClosedFlowHoldsNobodyUp() async {
        let flow = flow()
        _ = flow.given(StreamFlow.pauseBytes * 2)
        async let waiting: Void = flow.waitForRoom()
        flow.close()
        await waiting
        await flow.waitForRoom()
        #expect(!flow.isFull)
        await loop.advanceTime(by: .hours(1))
        #expect(calls.lostPatience.load(ordering: .relaxed) == 0)
    }
}
