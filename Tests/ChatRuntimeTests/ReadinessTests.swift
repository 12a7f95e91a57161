import ChatCore
import TestFakes
import Testing

@testable import ChatRuntime

@Suite("Readiness")
struct ReadinessTests {
    @Test("one check runs at a time, and its result is good for a while")
    func machine() {
        var machine = DependencyCheckMachine<String>(lifetime: .seconds(1))
        #expect(machine.ask("a", at: .seconds(10)).isStart(run: 1))
        #expect(machine.ask("b", at: .seconds(10)).isWait)
        #expect(machine.finished(with: .ok, at: .seconds(11)) == ["a", "b"])
        #expect(machine.ask("c", at: .milliseconds(11_999)).answer == .ok)
        #expect(machine.expired(run: 1) == [])
        #expect(machine.ask("d", at: .seconds(12)).isStart(run: 2))
        #expect(machine.expired(run: 1) == [])
        #expect(machine.expired(run: 2) == ["d"])
        #expect(machine.ask("e", at: .seconds(99)).answer == .overdue)
        #expect(machine.finished(with: .failing("unreachable"), at: .seconds(100)) == [])
        #expect(machine.ask("f", at: .seconds(100)).answer == .failing("unreachable"))
    }

    @Test("ready when every dependency is, and each is named")
    func report() async {
        let registry = ReadinessRegistry(drain: DrainState())
        registry.register("database") { .ok }
        #expect(await registry.report().isReady)
        registry.register("redis") { .failing("unreachable") }
        let report = await registry.report()
        #expect(!report.isReady)
        #expect(
            report.json.text == #"{"status":"not ready","checks":{"database":"ok","redis":"unreachable"}}"#
        )
    }

    @Test("the bus is needed to start, and missed but not needed afterwards")
    func bus() async {
        let bus = LocalBus()
        bus.isConnected = false
        let registry = ReadinessRegistry(drain: DrainState(), lifetime: .zero)
        registry.register(bus: bus)
        let starting = await registry.report()
        #expect(!starting.isReady)
        #expect(starting.json.text == #"{"status":"not ready","checks":{"redis":"unreachable"}}"#)
        bus.isConnected = true
        #expect(await registry.report().json.text == #"{"status":"ready","checks":{"redis":"ok"}}"#)
        bus.isConnected = false
        #expect(await registry.report().json.text == #"{"status":"ready","checks":{"redis":"unreachable"}}"#)
    }

    @Test("a process that drains is not ready and asks nobody")
    func draining() async {
        let drain = DrainState()
        let registry = ReadinessRegistry(drain: drain)
        registry.register("database") {
            Issue.record("nobody is to be asked")
            return .ok
        }
        drain.beginDraining()
        #expect(await registry.report().json.text == #"{"status":"draining","checks":{}}"#)
    }

    @Test("a check that hangs is overdue after the timeout, is cancelled, and is not run again before it has ended")
    func hanging() async {
        let clock = ManualClock()
        let registry = ReadinessRegistry(drain: DrainState(), timeout: .seconds(2), lifetime: .zero, clock: clock)
        let gate = DrainState()
        let runs = Runs()
        registry.register("database") {
            runs.add()
            // Deaf to its cancellation.
            await Task { await gate.waitUntilDraining() }.value
            return .ok
        }
        async let first = registry.report()
        await clock.waitForSleepers()
        clock.advance(by: .seconds(2))
        #expect(await first.checks == [.init(name: "database", state: .failing("timed out"))])
        #expect(await registry.report().checks == [.init(name: "database", state: .failing("timed out"))])
        #expect(runs.count == 1)
        gate.beginDraining()
        var report = await registry.report()
        while !report.isReady { report = await registry.report() }
        #expect(runs.count == 2)
    }
}

extension DependencyCheckMachine.AskAction {
    fileprivate func isStart(run: UInt64) -> Bool {
        if case .start(run) = self { true } else { false }
    }

    fileprivate var isWait: Bool {
        if case .wait = self { true } else { false }
    }

    fileprivate var answer: DependencyState? {
        if case .answer(let state) = self { state } else { nil }
    }
}
