import Testing

@testable import ChatRuntime

@Suite("Draining")
struct DrainStateTests {
    @Test("phases only go forward, and each waiter is resumed once")
    func machine() {
        var machine = DrainStateMachine<String>()
        guard case .wait = machine.register("a", id: 1, until: .draining, isCancelled: false),
            case .wait = machine.register("b", id: 2, until: .drained, isCancelled: false),
            case .wait = machine.register("c", id: 3, until: .draining, isCancelled: false)
        else {
            Issue.record("a running process has nothing to tell")
            return
        }
        #expect(machine.cancel(id: 3) == "c")
        #expect(machine.cancel(id: 3) == nil)
        #expect(machine.advance(to: .draining) == ["a"])
        #expect(machine.advance(to: .draining) == [])
        #expect(machine.advance(to: .drained) == ["b"])
        #expect(machine.advance(to: .running) == [])
        #expect(machine.phase == .drained)
        guard case .resume("d") = machine.register("d", id: 4, until: .draining, isCancelled: false) else {
            Issue.record("a phase that is reached is not waited for")
            return
        }
    }

    @Test("a task that was cancelled before it waits does not wait")
    func cancelledBefore() {
        var machine = DrainStateMachine<String>()
        guard case .resume("a") = machine.register("a", id: 1, until: .draining, isCancelled: true) else {
            Issue.record("a cancelled task must not wait")
            return
        }
    }

    @Test("waiters hear of it")
    func waiting() async {
        let drain = DrainState()
        #expect(!drain.isDraining)
        async let draining: Void = drain.waitUntilDraining()
        async let drained: Void = drain.waitUntilDrained()
        drain.beginDraining()
        await draining
        #expect(drain.phase == .draining)
        drain.finishDraining()
        await drained
        await drain.waitUntilDraining()
        #expect(drain.phase == .drained)
    }

    @Test("cancellation ends the wait")
    func cancellation() async {
        let drain = DrainState()
        let task = Task { await drain.waitUntilDraining() }
        task.cancel()
        await task.value
        #expect(!drain.isDraining)
    }
}
