import ChatCore
import MetricsTestKit
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import ChatBackends

/// What the circuit breaker makes of calls.
@Suite struct CircuitTests {
    private let time = ManualTime()
    private let isWell = Switch()

    private final class Switch: Sendable {
        private let state = Mutex(false)
        var isOn: Bool {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    /// Runs `body` with a backend that answers with 500 until ``isWell`` is on, and the requests it saw.
    private func withCircuit(
        _ script: StubBackend.Script? = nil,
        _ body: (WebhookBackend, StubBackend, Requests) async throws -> Void
    ) async throws {
        let requests = Requests()
        var surroundings = TestBounds().surroundings
        surroundings.now = { [time] in time.now }
        try await StubBackend.with { [isWell] exchange in
            _ = requests.add(exchange)
            if let script { return try await script(exchange) }
            let status = isWell.isOn ? HTTPResponseStatus.ok : .serviceUnavailable
            if exchange.body.contains(WebhookEvent.healthCheck.rawValue) {
                try await exchange.respond(status, StubBackend.Exchange.json, #"{"status":"healthy"}"#)
            } else {
                try await exchange.respond(status, StubBackend.Exchange.eventStream, complete)
            }
        } _: { stub in
            try await withBackend(surroundings: surroundings) { try await body($0, stub, requests) }
        }
    }

    private func sessionType(_ url: String, threshold: Int = 2, maxConnections: Int = 10) -> SessionType {
        var sessionType = SessionType.calling(url, maxConnections: maxConnections)
        sessionType.circuitBreaker = SessionType.CircuitBreaker(failureThreshold: threshold, openSeconds: 30)
        return sessionType
    }

    private func fail(_ backend: WebhookBackend, _ sessionType: SessionType) async throws -> ChatError {
        try await chatError { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
    }

    @Test func `An open circuit keeps calls from the backend until its time is over`() async throws {
        try await withCircuit { backend, stub, requests in
            let sessionType = sessionType(stub.url)
            for _ in 0..<2 { #expect(try await fail(backend, sessionType).code == .backendError) }
            for _ in 0..<3 {
                let error = try await fail(backend, sessionType)
                #expect(error.code == .backendError)
                #expect(error.retryAfterSeconds == 30)
            }
            #expect(requests.all.count == 2)
            time.pass(.seconds(30))
            #expect(try await fail(backend, sessionType).retryAfterSeconds == nil)
            #expect(try await fail(backend, sessionType).retryAfterSeconds == 30)
            #expect(requests.all.count == 3)
            isWell.isOn = true
            time.pass(.seconds(30))
            for _ in 0..<3 { try await backend.streamAnswer(to: .new(sessionType)) { _ in } }
            #expect(requests.all.count == 6)
        }
    }

    @Test func `Every attempt counts, and none is made once the circuit is open`() async throws {
        try await withCircuit { backend, stub, requests in
            let sessionType = sessionType(stub.url)
            let error = try await chatError { _ = try await backend.sessionCreated(.of(sessionType)) }
            #expect(error.retryAfterSeconds == 30)
            #expect(requests.all.count == 2)
            let again = try await chatError { _ = try await backend.sessionCreated(.of(sessionType)) }
            #expect(again.code == .backendError)
            #expect(requests.all.count == 2)
        }
    }

    @Test func `A health check goes through and closes the circuit`() async throws {
        try await withCircuit { backend, stub, requests in
            let sessionType = sessionType(stub.url)
            for _ in 0..<2 { _ = try await fail(backend, sessionType) }
            _ = try await chatError { _ = try await backend.checkHealth(of: sessionType, traceparent: nil) }
            #expect(requests.all.count == 5)
            #expect(try await fail(backend, sessionType).retryAfterSeconds == 30)
            isWell.isOn = true
            #expect(try await backend.checkHealth(of: sessionType, traceparent: nil).status == .healthy)
            try await backend.streamAnswer(to: .new(sessionType)) { _ in }
        }
    }

    @Test func `A backend that says it is unhealthy does not close it`() async throws {
        try await withCircuit { exchange in
            if exchange.body.contains(WebhookEvent.healthCheck.rawValue) {
                try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"status":"unhealthy"}"#)
            } else {
                try await exchange.reset()
            }
        } _: { backend, stub, _ in
            let sessionType = sessionType(stub.url)
            for _ in 0..<2 { _ = try await fail(backend, sessionType) }
            #expect(try await backend.checkHealth(of: sessionType, traceparent: nil).status == .unhealthy)
            #expect(try await fail(backend, sessionType).retryAfterSeconds == 30)
        }
    }

    @Test func `Calls that we give up ourselves do not count`() async throws {
        struct HandlerError: Error {}
        try await withCircuit { exchange in
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            if exchange.body.contains("all is well") { try await exchange.write(complete) }
            try await exchange.connectionClosed.get()
        } _: { backend, stub, _ in
            let sessionType = sessionType(stub.url, threshold: 1)
            await #expect(throws: HandlerError.self) {
                try await backend.streamAnswer(to: .new(sessionType)) { _ in throw HandlerError() }
            }
            let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
            let call = Task { try await backend.streamAnswer(to: .new(sessionType)) { _ in chunk.yield() } }
            for await _ in chunks { break }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            var request = AnswerRequest.new(sessionType)
            request.sessionMetadata = ["note": "all is well"]
            try await backend.streamAnswer(to: request) { _ in }
        }
    }

    @Test func `A call that waits for a connection while the circuit opens is not made`() async throws {
        let (seen, see) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await withCircuit { exchange in
            see.yield()
            for await _ in released {}
            try await exchange.reset()
        } _: { backend, stub, requests in
            let sessionType = sessionType(stub.url, threshold: 1, maxConnections: 1)
            async let first = fail(backend, sessionType)
            for await _ in seen { break }
            async let second = fail(backend, sessionType)
            release.finish()
            _ = try await first
            #expect(try await second.retryAfterSeconds == 30)
            #expect(requests.all.count == 1)
        }
    }

    @Test func `While one probe streams others need not wait for its end`() async throws {
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await withCircuit { [isWell] exchange in
            guard isWell.isOn else { return try await exchange.reset() }
            try await exchange.begin()
            try await exchange.write(chunk("a"))
            if exchange.body.contains("take your time") { for await _ in released {} }
            try await exchange.write(complete)
            try await exchange.end()
        } _: { backend, stub, _ in
            let sessionType = sessionType(stub.url)
            for _ in 0..<2 { _ = try await fail(backend, sessionType) }
            isWell.isOn = true
            time.pass(.seconds(30))
            var request = AnswerRequest.new(sessionType)
            request.sessionMetadata = ["note": "take your time"]
            let (chunks, chunk) = AsyncStream.makeStream(of: Void.self)
            let probe = Task { [request] in try await backend.streamAnswer(to: request) { _ in chunk.yield() } }
            for await _ in chunks { break }
            try await backend.streamAnswer(to: .new(sessionType)) { _ in }
            release.finish()
            try await probe.value
        }
    }

    @Test func `A summary service that fails is no reason not to call the webhook`() async throws {
        try await withCircuit { exchange in
            guard exchange.body.contains(WebhookEvent.sessionSummary.rawValue) else {
                return try await exchange.respond(.ok, StubBackend.Exchange.eventStream, complete)
            }
            try await exchange.reset()
        } _: { backend, stub, requests in
            var sessionType = sessionType(stub.url)
            sessionType.summarization = SessionType.Summarization(enabled: true, serviceURL: stub.url + "/summaries")
            var summary = AnswerRequest.new(sessionType)
            summary.kind = .summary
            for _ in 0..<3 {
                _ = try await chatError { [summary] in try await backend.streamAnswer(to: summary) { _ in } }
            }
            #expect(requests.all.count == 2)
            try await backend.streamAnswer(to: .new(sessionType)) { _ in }
        }
    }
}
