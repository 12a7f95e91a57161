import ChatCore
import Logging
import MetricsTestKit
import NIOCore
import Testing

@testable import ChatBackends

/// The breakers of all backends, and what their metrics say.
@Suite struct CircuitBreakersTests {
    private let metrics = TestMetrics()
    private let time = ManualTime()

    private func breakers() -> CircuitBreakers {
        CircuitBreakers(factory: metrics, logger: .silent, now: { [time] in time.now })
    }

    private func call(_ sessionType: SessionType, url: String? = nil) -> WebhookCall {
        WebhookCall(
            event: .messageNew,
            sessionType: sessionType,
            url: url ?? sessionType.webhookURL,
            body: [],
            traceparent: nil
        )
    }

    private func fail(_ call: WebhookCall, _ breakers: CircuitBreakers, times: Int = 5) throws {
        for _ in 0..<times { breakers.ended(try breakers.admit(call), .failure) }
    }

    private func state(of sessionType: SessionType, backend: String = "webhook") throws -> Double? {
        try metrics.expectMeter(
            "chat_engine_backend_circuit_state",
            [("session_type_id", sessionType.id.description), ("backend", backend)]
        ).lastValue
    }

    private func openings(of sessionType: SessionType) throws -> Int64 {
        try metrics.expectCounter(
            "chat_engine_backend_circuit_openings_total",
            [("session_type_id", sessionType.id.description), ("backend", "webhook")]
        ).totalValue
    }

    @Test func `The state is a metric, and each opening is counted`() throws {
        let breakers = breakers()
        let sessionType = SessionType.calling("http://localhost")
        breakers.ended(try breakers.admit(call(sessionType)), .success)
        #expect(try state(of: sessionType) == 0)
        #expect(try openings(of: sessionType) == 0)
        try fail(call(sessionType), breakers)
        #expect(try state(of: sessionType) == 2)
        #expect(try openings(of: sessionType) == 1)
        time.pass(.seconds(30))
        let probe = try breakers.admit(call(sessionType))
        #expect(try state(of: sessionType) == 1)
        breakers.answered(probe)
        #expect(try state(of: sessionType) == 0)
        #expect(try openings(of: sessionType) == 1)
    }

    @Test func `A refused call is told when to try again, in whole seconds`() throws {
        let breakers = breakers()
        let sessionType = SessionType.calling("http://localhost")
        try fail(call(sessionType), breakers)
        time.pass(.milliseconds(12_300))
        for attempt in [{ try breakers.check(call(sessionType)) }, { _ = try breakers.admit(call(sessionType)) }] {
            let failure = #expect(throws: BackendFailure.self) { try attempt() }
            #expect(failure?.reason == .circuitOpen)
            #expect(failure?.chatError.code == .backendError)
            #expect(failure?.chatError.retryAfterSeconds == 18)
        }
    }

    @Test func `Session types have a breaker each`() throws {
        let breakers = breakers()
        let failing = SessionType.calling("http://localhost")
        try fail(call(failing), breakers)
        try breakers.check(call(.calling("http://localhost")))
        _ = try breakers.admit(call(.calling("http://localhost")))
    }

    @Test func `A summary service fails on its own`() throws {
        let breakers = breakers()
        let sessionType = SessionType.calling("http://localhost")
        try fail(call(sessionType, url: "http://localhost/summaries"), breakers)
        #expect(try state(of: sessionType, backend: "summary_service") == 2)
        try breakers.check(call(sessionType))
        _ = try breakers.admit(call(sessionType))
        #expect(throws: BackendFailure.self) {
            try breakers.check(call(sessionType, url: "http://localhost/summaries"))
        }
    }

    @Test func `A session type that gets another webhook starts anew, whatever the old one still does`() throws {
        let breakers = breakers()
        var sessionType = SessionType.calling("http://localhost/old")
        let late = try breakers.admit(call(sessionType))
        try fail(call(sessionType), breakers)
        sessionType.webhookURL = "http://localhost/new"
        try breakers.check(call(sessionType))
        try fail(call(sessionType), breakers, times: 4)
        #expect(try state(of: sessionType) == 0)
        breakers.ended(late, .failure)
        #expect(try state(of: sessionType) == 0)
        try fail(call(sessionType), breakers, times: 1)
        #expect(try state(of: sessionType) == 2)
    }

    @Test func `Of too many, those whose backends are well make room, the longest unused first`() throws {
        let breakers = breakers()
        let failing = SessionType.calling("http://localhost")
        try fail(call(failing), breakers)
        let well = (1..<CircuitBreakers.maximumKept).map { _ in SessionType.calling("http://localhost") }
        for sessionType in well { breakers.ended(try breakers.admit(call(sessionType)), .success) }
        let first = try #require(well.first)
        #expect(try state(of: first) == 0)
        breakers.ended(try breakers.admit(call(.calling("http://localhost"))), .success)
        #expect(throws: (any Error).self) { try state(of: first) }
        #expect(try state(of: failing) == 2)
        #expect(try state(of: try #require(well.last)) == 0)
    }

    @Test func `Where no backend is well, one makes room that is not kept from calls`() throws {
        let breakers = breakers()
        let open = SessionType.calling("http://localhost")
        try fail(call(open), breakers)
        let faulty = (1..<CircuitBreakers.maximumKept).map { _ in SessionType.calling("http://localhost") }
        for sessionType in faulty { breakers.ended(try breakers.admit(call(sessionType)), .failure) }
        breakers.ended(try breakers.admit(call(.calling("http://localhost"))), .failure)
        #expect(throws: (any Error).self) { try state(of: try #require(faulty.first)) }
        #expect(try state(of: open) == 2)
        #expect(try state(of: try #require(faulty.last)) == 0)
    }
}
