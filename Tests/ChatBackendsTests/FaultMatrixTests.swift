import ChatCore
import MetricsTestKit
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import ChatBackends

/// Everything that can go wrong with an answer, and for each what it comes to: the error, what is kept of the answer,
/// the metric, whether the circuit breaker counts it, and that another session type on the same node does not notice.
@Suite struct FaultMatrixTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        enum Place: Sendable {
            case plain
            /// Nobody listens there.
            case nobody
            /// Connections are reset as soon as they are there.
            case resetting
            /// TLS with a certificate that is wrong.
            case expired, otherHost
        }

        var name: String
        var place = Place.plain
        var bounds = TestBounds()
        var outcome: BackendMetrics.Outcome
        var code = ChatError.Code.backendError
        var kept = ""
        var retryAfterSeconds: Int?
        var opensCircuit = true
        var script: StubBackend.Script = { _ in }

        var testDescription: String { name }
    }

    private static let short = TestBounds(silence: .milliseconds(200))
    private static let eventStream = StubBackend.Exchange.eventStream

    private static let faults: [Fault] = [
        Fault(name: "refused", place: .nobody, outcome: .connection),
        Fault(name: "reset when connected", place: .resetting, outcome: .connection),
        Fault(name: "TLS: expired", place: .expired, outcome: .connection),
        Fault(name: "TLS: wrong host", place: .otherHost, outcome: .connection),
        Fault(name: "reset before the head", outcome: .connection) { try await $0.reset() },
        Fault(name: "closed before the head", outcome: .connection) { try await $0.close() },
        Fault(name: "reset within the head", outcome: .connection) { exchange in
            try await exchange.writeRaw("HTTP/1.1 200 OK\r\ncontent-ty")
            try await exchange.reset()
        },
        Fault(name: "no HTTP at all", outcome: .connection) { try await $0.writeRaw("220 mail.example ESMTP\r\n") },
        Fault(name: "reset after the head", outcome: .connection) { exchange in
            try await exchange.begin()
            try await exchange.reset()
        },
        Fault(name: "reset between chunks", outcome: .connection, kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            try await exchange.reset()
        },
        Fault(name: "reset within a chunk", outcome: .connection, kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept") + "event: chunk\ndata: {\"ty")
            try await exchange.reset()
        },
        Fault(name: "closed between chunks", outcome: .connection, kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            try await exchange.close()
        },
        Fault(name: "400", outcome: .status, opensCircuit: false) {
            try await $0.respond(.badRequest, StubBackend.Exchange.json, "{}")
        },
        Fault(name: "404", outcome: .status, opensCircuit: false) {
            try await $0.respond(.notFound, StubBackend.Exchange.json, "{}")
        },
        Fault(name: "302", outcome: .status, opensCircuit: false) {
            try await $0.respond(.found, ["location": "/elsewhere", "content-length": "0"])
        },
        Fault(name: "429 with Retry-After", outcome: .status, retryAfterSeconds: 7, opensCircuit: false) {
            try await $0.respond(.tooManyRequests, ["retry-after": "7", "content-length": "0"])
        },
        Fault(name: "500", outcome: .status) { try await $0.respond(.internalServerError, eventStream, complete) },
        Fault(name: "503 with Retry-After", outcome: .status, retryAfterSeconds: 3600) {
            try await $0.respond(.serviceUnavailable, ["retry-after": "99999999", "content-length": "0"])
        },
        Fault(name: "hang before the head", bounds: short, outcome: .timeout, code: .backendTimeout) {
            try await $0.connectionClosed.get()
        },
        Fault(name: "hang within the head", bounds: short, outcome: .timeout, code: .backendTimeout) { exchange in
            try await exchange.writeRaw("HTTP/1.1 200 OK\r\n")
            try await exchange.connectionClosed.get()
        },
        Fault(
            name: "hang between chunks",
            bounds: short,
            outcome: .timeout,
            code: .backendTimeout,
            kept: "kept"
        ) { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            try await exchange.connectionClosed.get()
        },
        Fault(
            name: "trickle",
            bounds: TestBounds(whole: .milliseconds(200)),
            outcome: .timeout,
            code: .backendTimeout,
            kept: "kept"
        ) { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept") + ":")
            while true {
                try await exchange.write("x")
                // What a trickle is: nobody waits for this pause, and any length below the bound of silence does.
                try await Task.sleep(for: .milliseconds(10))
            }
        },
        Fault(name: "endless", outcome: .malformed, kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            while true { try await exchange.write(": " + String(repeating: "x", count: 10_000) + "\n") }
        },
        Fault(name: "oversized line", outcome: .malformed, kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept") + chunk(String(repeating: "x", count: 60_000)) + complete)
            try await exchange.end()
        },
        Fault(name: "bad JSON", outcome: .malformed, kept: "kept") { exchange in
            let stream = chunk("kept") + "event: chunk\ndata: {\"type\":\n\n" + complete
            try await exchange.respond(.ok, eventStream, stream)
        },
        Fault(name: "bad UTF-8", outcome: .malformed, kept: "kept") { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("kept"))
            try await exchange.write(Array("event: chunk\ndata: {\"type\":\"text\",\"content\":\"".utf8) + [0xFF])
            try await exchange.write("\"}\n\n" + complete)
            try await exchange.end()
        },
        Fault(name: "a picture that is no web address", outcome: .malformed, kept: "kept") { exchange in
            let picture = "event: chunk\ndata: {\"type\":\"image\",\"content\":\"javascript:alert(1)\"}\n\n"
            try await exchange.respond(.ok, eventStream, chunk("kept") + picture + complete)
        },
        Fault(name: "bad JSON as a whole", outcome: .malformed) {
            try await $0.respond(.ok, StubBackend.Exchange.json, #"{"content": "#)
        },
        Fault(name: "missing complete", outcome: .incomplete, kept: "kept") {
            try await $0.respond(.ok, eventStream, chunk("kept"))
        },
        Fault(name: "wrong content type", outcome: .malformed) {
            try await $0.respond(.ok, ["content-type": "text/html"], "<p>" + chunk("no") + complete)
        },
        Fault(name: "an error event", outcome: .reported, kept: "kept", opensCircuit: false) {
            try await $0.respond(.ok, eventStream, chunk("kept") + "event: error\ndata: {\"message\":\"no\"}\n\n")
        },
    ]

    @Test(arguments: faults)
    func `One fault, and all it comes to`(fault: Fault) async throws {
        // On a busy machine a bound can be over before the backend came to its fault.
        for factor in [1, 10, 100] {
            var fault = fault
            fault.bounds.silence = min(fault.bounds.silence * factor, TestBounds().silence)
            fault.bounds.whole = min(fault.bounds.whole * factor, TestBounds().whole)
            if try await holds(fault, mayComeTooLate: factor < 100 && fault.outcome == .timeout) { return }
        }
    }

    /// - Parameter mayComeTooLate: whether nothing is to be expected when the time was over before anything was kept.
    /// - Returns: `false` when that was so.
    private func holds(_ fault: Fault, mayComeTooLate: Bool) async throws -> Bool {
        let metrics = TestMetrics()
        let certificates = try await TestCertificates.make()
        defer { certificates.remove() }
        let certificate: TestCertificates.Pair? =
            switch fault.place {
            case .expired: try await certificates.issue(for: "localhost", isExpired: true)
            case .otherHost: try await certificates.issue(for: "backend.example")
            case .plain, .nobody, .resetting: nil
            }
        var isInTime = true
        try await StubBackend.with(
            Self.answering(fault.script),
            certificate: certificate,
            refusesAtOnce: fault.place == .resetting
        ) { stub in
            let url = fault.place == .nobody ? try await Self.nobody() : stub.url(host: "localhost")
            var faulty = SessionType.calling(url)
            faulty.circuitBreaker = SessionType.CircuitBreaker(failureThreshold: 1, openSeconds: 30)
            let surroundings = Self.surroundings(of: fault, faulty: faulty.id, metrics, certificates)
            var configuration = WebhookConfiguration()
            configuration.maximumAnswerBytes = 1_000_000
            configuration.maximumEventBytes = 50_000
            try await withBackend(configuration: configuration, surroundings: surroundings) { backend in
                // The other one is called while the fault is under way.
                async let other = Self.callsWell(backend, on: fault.place == .plain ? stub : nil)
                let events = Events()
                let error = try await chatError {
                    try await backend.streamAnswer(to: .new(faulty)) { events.append($0) }
                }
                #expect(error.code == fault.code)
                #expect(error.retryAfterSeconds == fault.retryAfterSeconds)
                #expect(try await other)
                #expect(try Self.calls(fault.outcome, metrics) == 1)
                isInTime = !mayComeTooLate || events.text == fault.kept
                guard isInTime else { return }
                #expect(events.text == fault.kept)
                #expect(try Self.circuit(of: faulty, metrics) == (fault.opensCircuit ? 2 : 0))
                if fault.opensCircuit {
                    let refused = try await chatError { try await backend.streamAnswer(to: .new(faulty)) { _ in } }
                    #expect(refused.code == .backendError)
                    #expect((1...30).contains(refused.retryAfterSeconds ?? 0))
                    #expect(try Self.calls(.circuitOpen, metrics) == 1)
                    #expect(try await Self.callsWell(backend, on: fault.place == .plain ? stub : nil))
                }
            }
        }
        return isInTime
    }

    /// Answers other calls well.
    private static func answering(_ script: @escaping StubBackend.Script) -> StubBackend.Script {
        { exchange in
            guard exchange.body.contains("all is well") else { return try await script(exchange) }
            try await exchange.respond(.ok, eventStream, chunk("well") + complete)
        }
    }

    private static func surroundings(
        of fault: Fault,
        faulty: SessionTypeID,
        _ metrics: TestMetrics,
        _ certificates: TestCertificates
    ) -> WebhookCaller.Surroundings {
        var surroundings = fault.bounds.surroundings
        let (short, long) = (surroundings.bounds, TestBounds().surroundings.bounds)
        surroundings.bounds = { $0.id == faulty ? short($0) : long($0) }
        surroundings.metrics = metrics
        surroundings.trust(certificates)
        return surroundings
    }

    /// Calls the backend of another session type, the same server where it can serve both, and says whether it
    /// answered.
    private static func callsWell(_ backend: WebhookBackend, on stub: StubBackend?) async throws -> Bool {
        let call = { (url: String) in
            let events = Events()
            var request = AnswerRequest.new(.calling(url))
            request.sessionMetadata = ["note": "all is well"]
            try await backend.streamAnswer(to: request) { events.append($0) }
            return events.text == "well"
        }
        if let stub { return try await call(stub.url(host: "localhost")) }
        var answered = false
        try await StubBackend.with(answering { _ in }) { answered = try await call($0.url(host: "localhost")) }
        return answered
    }

    private static func nobody() async throws -> String {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        return "http://127.0.0.1:\(port)/"
    }

    private static func calls(_ outcome: BackendMetrics.Outcome, _ metrics: TestMetrics) throws -> Int64 {
        try metrics.expectCounter(
            "chat_engine_backend_calls_total",
            [("event", "message.new"), ("outcome", outcome.rawValue)]
        ).totalValue
    }

    private static func circuit(of sessionType: SessionType, _ metrics: TestMetrics) throws -> Double? {
        try metrics.expectMeter(
            "chat_engine_backend_circuit_state",
            [("session_type_id", sessionType.id.description), ("backend", "webhook")]
        ).lastValue
    }
}
