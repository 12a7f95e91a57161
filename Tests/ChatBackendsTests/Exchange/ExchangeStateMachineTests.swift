import NIOCore
import NIOHTTP1
import Testing

@testable import ChatBackends

@Suite struct ExchangeStateMachineTests {
    private typealias Machine = ExchangeStateMachine<String, Int>

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func machine(readAheadBytes: Int = 0) -> Machine {
        Machine(
            bounds: ExchangeBounds(connect: .seconds(1), silence: .seconds(10), whole: .seconds(60)),
            startedAt: start,
            readAheadBytes: readAheadBytes
        )
    }

    private func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    private func body(_ text: String) -> ExchangePart { .body(ByteBuffer(string: text)) }

    /// What was handed out, as text; `nil` when it was something else.
    private func text(_ part: ExchangePart) -> String? {
        if case .body(let buffer) = part { String(buffer: buffer) } else { nil }
    }

    @Test func `A part goes straight to who waits, and the gate opens with the next wait`() {
        var machine = machine()
        guard case .wait(open: nil) = machine.take(waiter: "a", at: at(0)) else {
            Issue.record()
            return
        }
        guard case .resumeAndHold("a", let part, 1) = machine.received(body("x"), at: at(0), makeGate: { 1 }) else {
            Issue.record()
            return
        }
        #expect(text(part) == "x")
        guard case .wait(open: nil) = machine.take(waiter: nil, at: at(0)) else {
            Issue.record()
            return
        }
        guard case .wait(open: 1) = machine.take(waiter: "b", at: at(0)) else {
            Issue.record()
            return
        }
    }

    @Test func `Nothing more is read while the consumer is busy`() {
        var machine = machine()
        guard case .hold(1) = machine.received(body("x"), at: at(0), makeGate: { 1 }) else {
            Issue.record()
            return
        }
        guard case .part(_, open: nil) = machine.take(waiter: nil, at: at(0)) else {
            Issue.record()
            return
        }
        guard case .wait(open: 1) = machine.take(waiter: "a", at: at(0)) else {
            Issue.record()
            return
        }
    }

    @Test func `Reading ahead stops at the limit and goes on below it`() {
        var machine = machine(readAheadBytes: 4)
        guard case .proceed = machine.received(body("123"), at: at(0), makeGate: { 1 }) else {
            Issue.record()
            return
        }
        guard case .hold(2) = machine.received(body("456"), at: at(0), makeGate: { 2 }) else {
            Issue.record()
            return
        }
        guard case .part(_, open: 2) = machine.take(waiter: nil, at: at(0)) else {
            Issue.record()
            return
        }
    }

    @Test func `The wait for the head is bounded from the start of the call`() {
        var machine = machine()
        guard case .again(at(10)) = machine.timerFired(at: at(0)) else {
            Issue.record()
            return
        }
        _ = machine.take(waiter: "a", at: at(4))
        guard case .expire("a", let failure) = machine.timerFired(at: at(10)) else {
            Issue.record()
            return
        }
        #expect(failure.reason == .timeout(milliseconds: 10_000))
        guard case .fail = machine.take(waiter: nil, at: at(10)) else {
            Issue.record()
            return
        }
    }

    @Test func `A trickle is fine as long as each gap is short`() {
        var machine = machine()
        for second in stride(from: Int64(0), to: 50, by: 9) {
            _ = machine.take(waiter: "a", at: at(second))
            guard case .again = machine.timerFired(at: at(second + 8)) else {
                Issue.record()
                return
            }
            guard case .resumeAndHold = machine.received(body("x"), at: at(second + 8), makeGate: { 1 }) else {
                Issue.record()
                return
            }
        }
    }

    @Test func `The consumer's own time is not the backend's silence`() {
        var machine = machine()
        _ = machine.take(waiter: "a", at: at(0))
        _ = machine.received(body("x"), at: at(0), makeGate: { 1 })
        guard case .again(at(30)) = machine.timerFired(at: at(20)) else {
            Issue.record()
            return
        }
        _ = machine.take(waiter: "b", at: at(25))
        guard case .again(at(35)) = machine.timerFired(at: at(30)) else {
            Issue.record()
            return
        }
        guard case .expire("b", _) = machine.timerFired(at: at(35)) else {
            Issue.record()
            return
        }
    }

    @Test func `The whole is bounded, whoever is busy`() {
        var machine = machine()
        _ = machine.take(waiter: "a", at: at(0))
        _ = machine.received(body("x"), at: at(0), makeGate: { 1 })
        guard case .again(at(60)) = machine.timerFired(at: at(55)) else {
            Issue.record()
            return
        }
        guard case .expire(nil, let failure) = machine.timerFired(at: at(60)) else {
            Issue.record()
            return
        }
        #expect(failure.reason == .timeout(milliseconds: 60_000))
    }

    @Test func `What came before the time was over is still handed out`() {
        var machine = machine(readAheadBytes: 100)
        _ = machine.received(body("1"), at: at(1), makeGate: { 1 })
        guard case .expire(nil, _) = machine.timerFired(at: at(60)) else {
            Issue.record()
            return
        }
        guard case .part(let part, open: nil) = machine.take(waiter: "a", at: at(61)) else {
            Issue.record()
            return
        }
        #expect(text(part) == "1")
        guard case .fail = machine.take(waiter: "a", at: at(61)) else {
            Issue.record()
            return
        }
    }

    /// The consumer takes a part, works on it until `second`, and waits for the next one to the end.
    private func tookTooLong(busyUntil second: Int64) -> BackendFailure? {
        var machine = machine()
        _ = machine.take(waiter: "a", at: at(0))
        _ = machine.received(body("x"), at: at(1), makeGate: { 1 })
        _ = machine.take(waiter: "a", at: at(second))
        for moment in stride(from: second + 9, to: 60, by: 9) {
            _ = machine.received(body("x"), at: at(moment), makeGate: { 1 })
            _ = machine.take(waiter: "a", at: at(moment))
        }
        if case .expire(_, let failure) = machine.timerFired(at: at(60)) { return failure }
        return nil
    }

    @Test func `A backend is not to blame for a consumer that took most of the time`() {
        #expect(tookTooLong(busyUntil: 2)?.isBackendsFault == true)
        #expect(tookTooLong(busyUntil: 30)?.isBackendsFault == true)
        #expect(tookTooLong(busyUntil: 40)?.isBackendsFault == false)
    }

    @Test func `What came before the end is still handed out`() {
        var machine = machine(readAheadBytes: 100)
        _ = machine.received(body("1"), at: at(0), makeGate: { 1 })
        _ = machine.received(body("2"), at: at(0), makeGate: { 1 })
        guard case .none = machine.ended(BackendFailure(.connection, "gone")) else {
            Issue.record()
            return
        }
        for _ in 0..<2 {
            guard case .part = machine.take(waiter: nil, at: at(0)) else {
                Issue.record()
                return
            }
        }
        guard case .fail = machine.take(waiter: nil, at: at(0)) else {
            Issue.record()
            return
        }
    }

    @Test func `Who gave up gets nothing more`() {
        var machine = machine()
        _ = machine.take(waiter: "a", at: at(0))
        guard case .close("a") = machine.abandon(CancellationError()) else {
            Issue.record()
            return
        }
        guard case .close = machine.received(body("x"), at: at(0), makeGate: { 1 }) else {
            Issue.record()
            return
        }
        guard case .none = machine.ended(nil) else {
            Issue.record()
            return
        }
        guard case .fail(is CancellationError) = machine.take(waiter: nil, at: at(0)) else {
            Issue.record()
            return
        }
    }

    @Test func `A short rest is drained, a long one closes the connection`() {
        var machine = machine()
        _ = machine.received(body("x"), at: at(0), makeGate: { 1 })
        _ = machine.take(waiter: nil, at: at(0))
        guard case .drain(open: 1) = machine.drain(bytes: 4, until: at(1)) else {
            Issue.record()
            return
        }
        guard case .proceed = machine.received(body("1234"), at: at(0), makeGate: { 2 }) else {
            Issue.record()
            return
        }
        guard case .none = machine.timerFired(at: at(0)) else {
            Issue.record()
            return
        }
        guard case .close = machine.received(body("5"), at: at(0), makeGate: { 2 }) else {
            Issue.record()
            return
        }
        guard case .expire(nil, _) = machine.timerFired(at: at(1)) else {
            Issue.record()
            return
        }
    }
}
