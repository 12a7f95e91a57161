import Synchronization
import TestFakes
import Testing

@testable import ChatCore

/// Push events without a socket: what a cursor is answered with, and what ends the waiting.
@Suite(.timeLimit(.minutes(1)))
struct FollowEventsTests {
    private let log = FakeEventLog()
    private let bus = LocalBus()
    private let clock = ManualClock()

    private func follow(maximumWaits: Int = 10) -> FollowEvents {
        FollowEvents(events: log, bus: bus, maximumWaits: maximumWaits, clock: clock)
    }

    private func now(after seq: Int64, limit: Int = 100) async throws -> EventSlice {
        try await follow()(.init(afterSeq: seq, limit: limit, waitSeconds: 0), client: .test)
    }

    /// A request that waits, and the state in which nothing but an event or time moves it.
    private func waiting(
        after seq: Int64,
        seconds: Int = 30,
        until ends: [@Sendable () async -> Void] = []
    ) async -> Task<EventSlice, any Error> {
        let follow = follow()
        let task = Task {
            try await follow(.init(afterSeq: seq, limit: 100, waitSeconds: seconds), client: .test, until: ends)
        }
        // The subscription is in force and the log was read since, and both timers run.
        await clock.waitForSleepers(3)
        await log.waitForLooks(2)
        return task
    }

    @Test func aCursorIsAnsweredWithWhatComesAfterIt() async throws {
        log.append(5, to: .test)
        let slice = try await now(after: 2)
        #expect(slice.events.map(\.seq) == [3, 4, 5])
        #expect(slice.lastSeq == 5)
        #expect(!slice.isResync)
        #expect(try await now(after: 5) == EventSlice(events: [], lastSeq: 5))
    }

    /// Going on from `lastSeq` skips nothing.
    @Test func aPageEndsWithItsCursor() async throws {
        log.append(5, to: .test)
        let slice = try await now(after: 0, limit: 2)
        #expect(slice.events.map(\.seq) == [1, 2])
        #expect(slice.lastSeq == 2)
    }

    @Test func aClientWithoutEventsIsAtItsEnd() async throws {
        #expect(try await now(after: 0) == EventSlice(events: [], lastSeq: 0))
    }

    @Test func whatNobodyEverWroteIsNoCursor() async throws {
        log.append(3, to: .test)
        for seq in [4, 1000, Int64.max] { #expect(try await now(after: seq) == .resync(at: 3)) }
    }

    @Test func aThousandEventsAreToldAndNoMore() async throws {
        log.append(1001, to: .test)
        #expect(try await now(after: 1, limit: 1000).events.count == 1000)
        #expect(try await now(after: 1, limit: 10).lastSeq == 11)
        #expect(try await now(after: 0, limit: 10) == .resync(at: 1001))
    }

    @Test(arguments: [1, 3]) func anEventThatTheLogHasForgottenIsNotSkipped(dropped: Int64) async throws {
        log.append(5, to: .test)
        log.drop(dropped, of: .test)
        #expect(try await now(after: 0) == .resync(at: 5))
        #expect(try await now(after: dropped).events.map(\.seq) == Array(dropped + 1...5))
    }

    @Test func aLogThatHasForgottenEverythingIsNotTheEndOfIt() async throws {
        log.append(to: .test)
        log.drop(1, of: .test)
        #expect(try await now(after: 0) == .resync(at: 1))
    }

    @Test func eventsOfMoreThanADayAgoAreNotTold() async throws {
        log.append(to: .test, createdAt: Timestamp.now.advanced(bySeconds: -24 * 3600 - 1))
        log.append(to: .test, createdAt: Timestamp.now.advanced(bySeconds: -23 * 3600))
        #expect(try await now(after: 0) == .resync(at: 2))
        #expect(try await now(after: 1).events.map(\.seq) == [2])
    }

    @Test func aSignalEndsTheWaiting() async throws {
        log.append(to: .test)
        let task = await waiting(after: 1)
        log.append(to: .test)
        _ = try await bus.publish([], on: .events(of: .test))
        #expect(try await task.value.events.map(\.seq) == [2])
        await bus.waitForSubscriptions(0)
    }

    @Test func aSignalWithoutAnEventDoesNot() async throws {
        let task = await waiting(after: 0)
        _ = try await bus.publish([], on: .events(of: .test))
        await log.waitForLooks(3)
        log.append(to: .test)
        _ = try await bus.publish([], on: .events(of: .test))
        #expect(try await task.value.lastSeq == 1)
    }

    @Test func whatComesBeforeTheSubscriptionIsFound() async throws {
        let bus = LocalBus { [log] in log.append(to: .test) }
        let follow = FollowEvents(events: log, bus: bus, maximumWaits: 1, clock: clock)
        let slice = try await follow(.init(afterSeq: 0, limit: 1, waitSeconds: 30), client: .test)
        #expect(slice.events.map(\.seq) == [1])
    }

    @Test func theLogIsLookedAtWhileTheBusIsAway() async throws {
        bus.isConnected = false
        let task = await waiting(after: 0)
        log.append(to: .test)
        clock.advance(by: FollowEvents.pollInterval)
        #expect(try await task.value.lastSeq == 1)
    }

    @Test func aLostSignalDelaysAndNoMore() async throws {
        let task = await waiting(after: 0)
        log.append(to: .test)
        for _ in 0..<FollowEvents.intervalsPerLook {
            await clock.waitForSleepers(3)
            clock.advance(by: FollowEvents.pollInterval)
        }
        #expect(try await task.value.lastSeq == 1)
    }

    @Test func theWaitingHasAnEnd() async throws {
        log.append(7, to: .test)
        let task = await waiting(after: 7, seconds: 1)
        clock.advance(by: .seconds(1))
        #expect(try await task.value == EventSlice(events: [], lastSeq: 7))
        await bus.waitForSubscriptions(0)
    }

    @Test func whatElseIsToEndTheWaitingEndsIt() async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self)
        let task = await waiting(after: 0, until: [{ for await _ in signals {} }])
        signal.finish()
        #expect(try await task.value == EventSlice(events: [], lastSeq: 0))
    }

    @Test func aCancelledRequestWaitsNoLonger() async throws {
        let task = await waiting(after: 0)
        task.cancel()
        #expect(try await task.value == EventSlice(events: [], lastSeq: 0))
        await bus.waitForSubscriptions(0)
    }

    @Test func aLogOutOfReachIsTold() async throws {
        let task = await waiting(after: 0)
        log.failure = ChatError(.serviceUnavailable, "away")
        _ = try await bus.publish([], on: .events(of: .test))
        let error = await #expect(throws: ChatError.self) { try await task.value }
        #expect(error?.code == .serviceUnavailable)
    }

    @Test func onlySoManyWait() async throws {
        let follow = follow(maximumWaits: 1)
        let request = FollowEvents.Request(afterSeq: 0, limit: 1, waitSeconds: 1)
        let first = Task { try await follow(request, client: .test) }
        await clock.waitForSleepers(3)
        let refusal = await #expect(throws: ChatError.self) { try await follow(request, client: .test) }
        #expect(refusal?.code == .serviceUnavailable)
        // What need not wait does not count.
        #expect(try await follow(.init(afterSeq: 0, limit: 1, waitSeconds: 0), client: .test).events.isEmpty)
        clock.advance(by: .seconds(1))
        _ = try await first.value
        let next = Task { try await follow(request, client: .test) }
        await clock.waitForSleepers(3)
        clock.advance(by: .seconds(1))
        #expect(try await next.value.events.isEmpty)
    }

    @Test func oneClientDoesNotFillTheNode() throws {
        let other = try #require(ClientID("other"))
        var waits = EventWaits(maximum: 3, maximumPerClient: 2)
        try waits.enter(.test)
        try waits.enter(.test)
        let refusal = #expect(throws: ChatError.self) { try waits.enter(.test) }
        #expect(refusal?.code == .rateLimitExceeded)
        #expect(refusal?.limitType == "concurrent")
        try waits.enter(other)
        #expect(throws: ChatError.self) { try waits.enter(other) }
        waits.leave(.test)
        try waits.enter(other)
        // Who did not enter gives no place free.
        waits.leave(try #require(ClientID("third")))
        #expect(throws: ChatError.self) { try waits.enter(.test) }
    }
}
