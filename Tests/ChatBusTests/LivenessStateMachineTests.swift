import NIOCore
import Testing

@testable import ChatBus

struct LivenessStateMachineTests {
    private func machine() -> LivenessStateMachine {
        LivenessStateMachine(
            now: second(0),
            connectTimeout: .seconds(5),
            interval: .seconds(2),
            timeout: .seconds(3)
        )
    }

    private func second(_ number: UInt64) -> NIODeadline {
        .uptimeNanoseconds(100_000_000_000 + number * 1_000_000_000)
    }

    @Test func `A handshake that is not over in time ends the connection`() {
        var machine = machine()
        #expect(machine.check(at: second(0)) == .wait(until: second(2)))
        machine.heard(at: second(1))
        #expect(machine.check(at: second(4)) == .wait(until: second(5)))
        #expect(machine.check(at: second(5)) == .close(.connectTimedOut))
    }

    @Test func `While there is traffic nothing is sent`() {
        var machine = machine()
        machine.becameReady(at: second(1))
        #expect(machine.check(at: second(2)) == .wait(until: second(3)))
        machine.heard(at: second(3))
        #expect(machine.check(at: second(3)) == .wait(until: second(5)))
        machine.heard(at: second(4))
        #expect(machine.check(at: second(5)) == .wait(until: second(6)))
    }

    @Test func `Silence is answered with a ping, and a pong is a sign of life`() {
        var machine = machine()
        machine.becameReady(at: second(0))
        #expect(machine.check(at: second(2)) == .ping(thenWaitUntil: second(5)))
        machine.heard(at: second(3))
        #expect(machine.check(at: second(5)) == .ping(thenWaitUntil: second(8)))
    }

    @Test func `Silence after a ping is the end`() {
        var machine = machine()
        machine.becameReady(at: second(0))
        _ = machine.check(at: second(2))
        #expect(machine.check(at: second(4)) == .wait(until: second(5)))
        #expect(machine.check(at: second(5)) == .close(.pingTimedOut))
    }
}
