import Testing

@testable import ChatStorage

@Suite struct PoolStateMachineTests {
    private func pool(size: Int = 2, maximumWaiting: Int = 100, depth: Int = 2) -> PoolStateMachine {
        PoolStateMachine(settings: .init(size: size, maximumWaiting: maximumWaiting, pipelineDepth: depth))
    }

    /// A pool with all its connections up.
    private func connected(size: Int = 2, depth: Int = 2, maximumWaiting: Int = 100) -> PoolStateMachine {
        var pool = pool(size: size, maximumWaiting: maximumWaiting, depth: depth)
        for id in 0..<UInt64(size) { _ = pool.submit(.makeLease(id)) }
        _ = pool.all(.at(0))
        for slot in 0..<size { _ = pool.connected(slot: slot, now: .at(0)) }
        _ = pool.all(.at(0))
        for slot in 0..<size { pool.finished(slot: slot) }
        return pool
    }

    @Test func oneConnectionIsKeptAndMoreAreMadeAsOperationsWait() {
        var pool = pool(size: 3)
        #expect(pool.all(.at(0)) == ["open 0"])
        #expect(!pool.isReachable)
        for id in 1...2 { _ = pool.submit(.make(UInt64(id))) }
        #expect(pool.all(.at(0)) == ["open 1"])
        _ = pool.connected(slot: 0, now: .at(1))
        #expect(pool.isReachable)
        #expect(pool.all(.at(1)) == ["assign 1 to 0"])
        _ = pool.connected(slot: 1, now: .at(2))
        #expect(pool.all(.at(2)) == ["assign 2 to 1"])
        #expect(pool.inUseCount == 2)
        #expect(pool.waitingCount == 0)
    }

    @Test func pipelinesGrowOnlyWhenEveryConnectionIsBusy() {
        var pool = connected(size: 2, depth: 2)
        for id in 1...6 { _ = pool.submit(.make(UInt64(id))) }
        #expect(pool.all(.at(1)) == ["assign 1 to 0", "assign 2 to 1", "assign 3 to 0", "assign 4 to 1"])
        #expect(pool.waitingCount == 2)
        pool.finished(slot: 1)
        #expect(pool.all(.at(1)) == ["assign 5 to 1"])
    }

    @Test func nothingFollowsATransactionInItsPipeline() {
        var pool = connected(size: 1, depth: 4)
        _ = pool.submit(.make(1))
        _ = pool.submit(.makeTransaction(2))
        _ = pool.submit(.make(3))
        #expect(pool.all(.at(1)) == ["assign 1 to 0", "assign 2 to 0"])
        pool.finished(slot: 0)
        #expect(pool.all(.at(1)).isEmpty)
        pool.finished(slot: 0)
        #expect(pool.all(.at(1)) == ["assign 3 to 0"])
    }

    @Test func aLeaseWaitsForAnIdleConnectionAndHoldsItAlone() {
        var pool = connected(size: 1)
        _ = pool.submit(.make(1))
        _ = pool.submit(.makeLease(2))
        _ = pool.submit(.make(3))
        #expect(pool.all(.at(1)) == ["assign 1 to 0"])
        pool.finished(slot: 0)
        #expect(pool.all(.at(1)) == ["assign 2 to 0"])
        #expect(pool.inUseCount == 1)
        pool.finished(slot: 0)
        #expect(pool.all(.at(1)) == ["assign 3 to 0"])
    }

    @Test func waitingEndsAndSaysWhy() {
        var unconnected = pool(size: 1)
        #expect(unconnected.all(.at(0)) == ["open 0"])
        _ = unconnected.submit(.make(1, waitUntil: .at(50)))
        #expect(unconnected.deadline == .at(50))
        #expect(unconnected.all(.at(49)).isEmpty)
        #expect(unconnected.all(.at(50)) == ["fail 1 notConnected"])
        var busy = connected(size: 1)
        _ = busy.submit(.makeLease(1))
        _ = busy.submit(.make(2, waitUntil: .at(50)))
        #expect(busy.all(.at(0)) == ["assign 1 to 0"])
        #expect(busy.all(.at(50)) == ["fail 2 poolTimeout"])
        #expect(busy.waitingCount == 0)
    }

    @Test func theQueueIsBoundedAndCancellationMakesRoom() {
        var pool = pool(size: 1, maximumWaiting: 2)
        #expect(pool.submit(.make(1)) == nil)
        #expect(pool.submit(.make(2)) == nil)
        #expect(pool.submit(.make(3)) == .poolFull)
        pool.cancel(1)
        pool.cancel(1)
        #expect(pool.submit(.make(4)) == nil)
        #expect(pool.all(.at(0)) == ["open 0"])
        _ = pool.connected(slot: 0, now: .at(0))
        #expect(pool.all(.at(0)) == ["assign 2 to 0", "assign 4 to 0"])
    }

    @Test func manyCancelledOperationsDoNotPileUp() {
        var pool = pool(size: 1, maximumWaiting: 1)
        for id in 0..<UInt64(10_000) {
            #expect(pool.submit(.make(id)) == nil)
            pool.cancel(id)
        }
        #expect(pool.waitingCount == 0)
        _ = pool.submit(.make(10_000))
        _ = pool.all(.at(0))
        _ = pool.connected(slot: 0, now: .at(0))
        #expect(pool.all(.at(0)) == ["assign 10000 to 0"])
    }

    @Test func whatIsTriedAgainGoesFirst() {
        var pool = connected(size: 1, depth: 1)
        let first = PostgresOperation.make(1)
        _ = pool.submit(first)
        _ = pool.submit(.make(2))
        #expect(pool.all(.at(1)) == ["assign 1 to 0"])
        pool.finished(slot: 0)
        pool.retry(first)
        #expect(pool.all(.at(1)) == ["assign 1 to 0"])
    }

    @Test func aLostConnectionIsReplacedAtOnceThenWithGrowingDelays() {
        var pool = connected(size: 1)
        pool.lost(slot: 0, now: .at(2000), jitter: 1)
        #expect(pool.isReachable)
        #expect(pool.all(.at(2000)) == ["open 0"])
        pool.lost(slot: 0, now: .at(2000), jitter: 1)
        #expect(!pool.isReachable)
        #expect(pool.all(.at(2000)).isEmpty)
        #expect(pool.deadline == .at(2100))
        #expect(pool.all(.at(2100)) == ["open 0"])
        pool.lost(slot: 0, now: .at(2100), jitter: 1)
        #expect(pool.deadline == .at(2300))
        #expect(pool.all(.at(2300)) == ["open 0"])
        let isReconnect = pool.connected(slot: 0, now: .at(2300))
        #expect(isReconnect)
        #expect(pool.isReachable)
    }

    @Test func aConnectionThatBreaksAtOnceCountsAsAFailure() {
        var pool = connected(size: 1)
        pool.lost(slot: 0, now: .at(999), jitter: 1)
        #expect(pool.all(.at(999)).isEmpty)
        #expect(pool.deadline == .at(1099))
    }

    @Test func whileAttemptsFailThereIsOneAtATimeAndPipelinesServe() {
        var pool = pool(size: 3, depth: 2)
        _ = pool.all(.at(0))
        _ = pool.connected(slot: 0, now: .at(0))
        for id in 1...5 { _ = pool.submit(.make(UInt64(id))) }
        #expect(pool.all(.at(0)) == ["assign 1 to 0", "open 1", "open 2"])
        pool.lost(slot: 1, now: .at(10), jitter: 1)
        pool.lost(slot: 2, now: .at(10), jitter: 1)
        #expect(pool.all(.at(10)) == ["assign 2 to 0"])
        #expect(pool.deadline == .at(210))
        #expect(pool.all(.at(210)) == ["open 1"])
    }

    @Test func drainingServesWhatWaitsAndThenCloses() {
        var pool = connected(size: 2)
        _ = pool.submit(.makeLease(1))
        _ = pool.submit(.makeLease(2))
        _ = pool.submit(.make(3))
        #expect(pool.all(.at(0)) == ["assign 1 to 0", "assign 2 to 1"])
        pool.shutDown()
        #expect(pool.submit(.make(4)) == .shuttingDown)
        #expect(pool.all(.at(0)).isEmpty)
        pool.finished(slot: 1)
        #expect(pool.all(.at(0)) == ["assign 3 to 1"])
        pool.finished(slot: 1)
        #expect(pool.all(.at(0)) == ["close 1"])
        pool.finished(slot: 0)
        #expect(pool.all(.at(0)) == ["close 0", "stop"])
        #expect(pool.all(.at(0)).isEmpty)
    }

    @Test func drainingGivesUpAConnectionInTheMaking() {
        var pool = pool(size: 1)
        #expect(pool.all(.at(0)) == ["open 0"])
        pool.shutDown()
        #expect(pool.all(.at(0)) == ["close 0", "stop"])
    }

    @Test func whatWaitsAtTheEndIsHandedBack() {
        var pool = pool(size: 1)
        for id in 1...3 { _ = pool.submit(.make(UInt64(id))) }
        pool.cancel(2)
        #expect(pool.takeWaiting().map(\.id) == [1, 3])
        #expect(pool.waitingCount == 0)
    }
}

extension PoolStateMachine {
    /// Every action due, as text.
    fileprivate mutating func all(_ now: MonotonicTime) -> [String] {
        var actions: [String] = []
        while let action = next(now: now) {
            switch action {
            case .open(let slot): actions.append("open \(slot)")
            case .assign(let operation, let slot): actions.append("assign \(operation.id) to \(slot)")
            case .fail(let operation, let code): actions.append("fail \(operation.id) \(code)")
            case .close(let slot): actions.append("close \(slot)")
            case .stop: actions.append("stop")
            }
        }
        return actions
    }
}
