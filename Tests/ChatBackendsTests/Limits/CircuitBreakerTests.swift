import ChatCore
import NIOCore
import Testing

@testable import ChatBackends

@Suite struct CircuitBreakerTests {
    private static let settings = CircuitBreaker.Settings(failureThreshold: 3, openSeconds: 30, halfOpenMaxCalls: 1)

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    /// Lets one call through and ends it.
    private func call(
        _ breaker: inout CircuitBreaker,
        _ outcome: CircuitBreaker.Outcome,
        at second: Int64 = 0,
        kind: CircuitBreaker.Kind = .call
    ) throws {
        let ticket = try ticket(&breaker, at: second, kind: kind)
        breaker.ended(ticket, outcome, Self.settings, at: at(second))
    }

    private func ticket(
        _ breaker: inout CircuitBreaker,
        at second: Int64 = 0,
        kind: CircuitBreaker.Kind = .call,
        settings: CircuitBreaker.Settings = Self.settings
    ) throws -> CircuitBreaker.Ticket {
        guard case .admitted(let ticket) = breaker.admit(kind, settings, at: at(second)) else { throw Refused() }
        return ticket
    }

    private struct Refused: Error {}

    private func opened() throws -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<3 { try call(&breaker, .failure) }
        return breaker
    }

    @Test func `So many failures in a row open it`() throws {
        var breaker = CircuitBreaker()
        try call(&breaker, .failure)
        try call(&breaker, .failure)
        #expect(breaker.state == .closed(failures: 2))
        try call(&breaker, .failure)
        #expect(breaker.state == .open(since: at(0)))
    }

    @Test func `A success in between begins the count anew; what counts as nothing does not`() throws {
        var breaker = CircuitBreaker()
        try call(&breaker, .failure)
        try call(&breaker, .failure)
        try call(&breaker, .success)
        #expect(breaker.state == .closed(failures: 0))
        try call(&breaker, .failure)
        try call(&breaker, .failure)
        try call(&breaker, .uncounted)
        #expect(breaker.state == .closed(failures: 2))
    }

    @Test func `While it is open calls fail at once and are told for how long`() throws {
        var breaker = try opened()
        #expect(breaker.refusal(of: .call, Self.settings, at: at(0)) == .seconds(30))
        #expect(breaker.admit(.call, Self.settings, at: at(12)) == .refused(retryAfter: .seconds(18)))
        #expect(breaker.admit(.call, Self.settings, at: at(29)) == .refused(retryAfter: .seconds(1)))
        #expect(breaker.refusal(of: .call, Self.settings, at: at(30)) == nil)
    }

    @Test func `A probe that succeeds closes it`() throws {
        var breaker = try opened()
        let probe = try ticket(&breaker, at: 30)
        #expect(breaker.admit(.call, Self.settings, at: at(30)) == .refused(retryAfter: .seconds(1)))
        breaker.ended(probe, .success, Self.settings, at: at(31))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `A probe that fails opens it again, for the whole time`() throws {
        var breaker = try opened()
        let probe = try ticket(&breaker, at: 30)
        breaker.ended(probe, .failure, Self.settings, at: at(40))
        #expect(breaker.state == .open(since: at(40)))
        #expect(breaker.admit(.call, Self.settings, at: at(69)) == .refused(retryAfter: .seconds(1)))
        _ = try ticket(&breaker, at: 70)
    }

    @Test func `A probe that counts as nothing makes room for another`() throws {
        var breaker = try opened()
        let probe = try ticket(&breaker, at: 30)
        breaker.ended(probe, .uncounted, Self.settings, at: at(31))
        #expect(breaker.state == .halfOpen(probes: [], successes: 0))
        try call(&breaker, .success, at: 31)
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `A probe whose answer has begun closes it, and opens it again when it breaks off`() throws {
        var breaker = try opened()
        let probe = try ticket(&breaker, at: 30)
        breaker.answered(probe, Self.settings)
        #expect(breaker.state == .closed(failures: 0))
        breaker.ended(probe, .failure, Self.settings, at: at(60))
        #expect(breaker.state == .open(since: at(60)))
    }

    @Test(arguments: [CircuitBreaker.Outcome.success, .uncounted])
    func `A probe whose answer has begun and did not break off leaves it closed`(outcome: CircuitBreaker.Outcome) throws
    {
        var breaker = try opened()
        let probe = try ticket(&breaker, at: 30)
        breaker.answered(probe, Self.settings)
        breaker.ended(probe, outcome, Self.settings, at: at(60))
        #expect(breaker.state == .closed(failures: 0))
        // It decides once.
        breaker.ended(probe, .failure, Self.settings, at: at(61))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `An answer that has begun is no success yet while it is closed`() throws {
        var breaker = CircuitBreaker()
        for _ in 0..<3 {
            let ticket = try ticket(&breaker)
            breaker.answered(ticket, Self.settings)
            breaker.ended(ticket, .failure, Self.settings, at: at(0))
        }
        #expect(breaker.state == .open(since: at(0)))
    }

    @Test func `Several probes decide together, the first failure alone`() throws {
        let settings = CircuitBreaker.Settings(failureThreshold: 3, openSeconds: 30, halfOpenMaxCalls: 2)
        var breaker = try opened()
        let first = try ticket(&breaker, at: 30, settings: settings)
        let second = try ticket(&breaker, at: 30, settings: settings)
        #expect(breaker.admit(.call, settings, at: at(30)) == .refused(retryAfter: .seconds(1)))
        breaker.ended(first, .success, settings, at: at(31))
        #expect(breaker.admit(.call, settings, at: at(31)) == .refused(retryAfter: .seconds(1)))
        breaker.ended(second, .success, settings, at: at(31))
        #expect(breaker.state == .closed(failures: 0))

        breaker = try opened()
        let third = try ticket(&breaker, at: 30, settings: settings)
        let fourth = try ticket(&breaker, at: 30, settings: settings)
        breaker.ended(third, .failure, settings, at: at(31))
        #expect(breaker.state == .open(since: at(31)))
        breaker.ended(fourth, .success, settings, at: at(32))
        #expect(breaker.state == .open(since: at(31)), "a probe of an earlier time decides nothing")
    }

    @Test func `Calls from before it opened decide nothing any more`() throws {
        var breaker = CircuitBreaker()
        let early = [try ticket(&breaker), try ticket(&breaker)]
        for _ in 0..<3 { try call(&breaker, .failure) }
        breaker.ended(early[0], .success, Self.settings, at: at(1))
        #expect(breaker.state == .open(since: at(0)))
        let probe = try ticket(&breaker, at: 30)
        breaker.ended(early[1], .failure, Self.settings, at: at(31))
        breaker.ended(probe, .success, Self.settings, at: at(31))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `A health check goes through whatever the state, and closes it when it succeeds`() throws {
        var breaker = try opened()
        try call(&breaker, .failure, at: 1, kind: .healthCheck)
        try call(&breaker, .uncounted, at: 1, kind: .healthCheck)
        #expect(breaker.state == .open(since: at(0)))
        try call(&breaker, .success, at: 2, kind: .healthCheck)
        #expect(breaker.state == .closed(failures: 0))

        breaker = try opened()
        let probe = try ticket(&breaker, at: 30)
        try call(&breaker, .success, at: 31, kind: .healthCheck)
        #expect(breaker.state == .closed(failures: 0))
        breaker.ended(probe, .failure, Self.settings, at: at(32))
        #expect(breaker.state == .closed(failures: 0))
    }

    @Test func `A health check counts as a call does while it is closed`() throws {
        var breaker = CircuitBreaker()
        for _ in 0..<2 { try call(&breaker, .failure, kind: .healthCheck) }
        try call(&breaker, .failure)
        #expect(breaker.state == .open(since: at(0)))
    }

    @Test func `Changed settings hold at once`() throws {
        var breaker = try opened()
        var settings = Self.settings
        settings.openSeconds = 10
        #expect(breaker.refusal(of: .call, settings, at: at(10)) == nil)
        settings.openSeconds = 100
        #expect(breaker.refusal(of: .call, settings, at: at(40)) == .seconds(60))

        breaker = CircuitBreaker()
        try call(&breaker, .failure)
        settings.failureThreshold = 2
        let ticket = try ticket(&breaker)
        breaker.ended(ticket, .failure, settings, at: at(5))
        #expect(breaker.state == .open(since: at(5)))
    }

    @Test func `Fewer probes than succeeded already let one more decide`() throws {
        var settings = Self.settings
        settings.halfOpenMaxCalls = 5
        var breaker = try opened()
        for _ in 0..<2 {
            let probe = try ticket(&breaker, at: 30, settings: settings)
            breaker.ended(probe, .success, settings, at: at(30))
        }
        settings.halfOpenMaxCalls = 1
        let last = try ticket(&breaker, at: 31, settings: settings)
        breaker.ended(last, .success, settings, at: at(31))
        #expect(breaker.state == .closed(failures: 0))
    }
}
