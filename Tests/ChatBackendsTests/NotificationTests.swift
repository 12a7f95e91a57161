import ChatCore
import MetricsTestKit
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ChatBackends

/// Background events on their way to a backend.
@Suite struct NotificationTests {
    private static let time = Timestamp(microsecondsSince1970: 1_770_287_400_000_000)
    private static let session = SessionID.make()
    private static let message = MessageID.make()

    private func notify(
        _ sessionType: SessionType,
        with backend: WebhookBackend,
        id: DeliveryID = .make()
    ) async throws -> NotificationOutcome {
        let event = BackgroundEvent(.sessionDeleted, in: Self.session, at: Self.time)
        return try await backend.notify(sessionType, of: event, id: id, traceparent: nil)
    }

    /// What one attempt at a backend with this script comes to.
    private func outcome(
        _ bounds: TestBounds = TestBounds(),
        _ script: @escaping StubBackend.Script
    ) async throws -> NotificationOutcome {
        var outcome = NotificationOutcome.delivered
        try await StubBackend.with(script) { stub in
            try await withBackend(bounds) { backend in
                outcome = try await notify(.calling(stub.url), with: backend)
            }
        }
        return outcome
    }

    private func body(_ kind: BackgroundEvent.Kind) throws -> JSONValue {
        try JSONParser.parse(BackgroundEvent(kind, in: Self.session, at: Self.time).body)
    }

    @Test func `The bodies are the contract's`() throws {
        let (session, message) = (JSONValue.string("\(Self.session)"), JSONValue.string("\(Self.message)"))
        let time: JSONValue = "2026-02-05T10:30:00.000Z"
        let aborted = try body(
            .messageAborted(Self.message, partialContent: [.text("One, tw"), .code("let", language: "swift")])
        )
        #expect(
            aborted == [
                "event": "message.aborted", "timestamp": time, "session_id": session, "message_id": message,
                "partial_content": [
                    ["type": "text", "text": "One, tw"], ["type": "code", "code": "let", "language": "swift"],
                ],
            ]
        )
        #expect(try body(.messageAborted(Self.message, partialContent: []))["partial_content"] == [])
        #expect(try body(.sessionDeleted) == ["event": "session.deleted", "timestamp": time, "session_id": session])
        let user = try #require(ClientID("client-1"))
        #expect(
            try body(.messageReaction(Self.message, user: user, .like, previous: .none)) == [
                "event": "message.reaction", "timestamp": time, "session_id": session, "message_id": message,
                "user_id": "client-1", "reaction_type": "like", "previous_reaction_type": "none",
            ]
        )
    }

    @Test func `The event is signed, under the id it is given, and the trace passed on`() async throws {
        let requests = Requests()
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await StubBackend.with { exchange in
            _ = requests.add(exchange)
            try await exchange.respond(.ok, StubBackend.Exchange.json, "{}")
        } _: { stub in
            try await withBackend { backend in
                let id = DeliveryID.make()
                let event = BackgroundEvent(.sessionDeleted, in: Self.session, at: Self.time)
                let type = SessionType.calling(stub.url, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                for _ in 0..<2 {
                    let outcome = try await backend.notify(type, of: event, id: id, traceparent: trace)
                    #expect(outcome == .delivered)
                }
                #expect(requests.all.map { $0.head.headers["webhook-id"] } == [["\(id)"], ["\(id)"]])
                #expect(requests.all.allSatisfy { $0.head.headers.contains(name: "webhook-signature") })
                #expect(requests.all.allSatisfy { $0.head.headers["traceparent"] == [trace] })
                #expect(requests.all.allSatisfy { $0.body == String(decoding: event.body, as: UTF8.self) })
            }
        }
    }

    @Test(arguments: [
        (HTTPResponseStatus.ok, "text/html", "<p>thanks</p>"), (.ok, "application/json", "{"),
        (.accepted, "application/json", "null"), (.noContent, "text/plain", ""),
    ])
    func `Whatever a successful answer says is ignored`(
        status: HTTPResponseStatus,
        type: String,
        body: String
    ) async throws {
        let outcome = try await outcome { try await $0.respond(status, ["content-type": type], body) }
        #expect(outcome == .delivered)
    }

    @Test func `An answer that does not end is not waited for`() async throws {
        let outcome = try await outcome { exchange in
            try await exchange.begin()
            try await exchange.connectionClosed.get()
        }
        #expect(outcome == .delivered)
    }

    @Test(arguments: [301, 400, 401, 404, 410, 429, 500, 503])
    func `Any other status is a failure`(code: Int) async throws {
        let outcome = try await outcome { exchange in
            let status = HTTPResponseStatus(statusCode: code)
            try await exchange.respond(status, ["retry-after": "7", "location": "/", "content-length": "0"])
        }
        #expect(outcome == .failed(reason: "The backend answered \(code)", retryAfterSeconds: 7))
    }

    @Test func `Silence is a failure`() async throws {
        let outcome = try await outcome(TestBounds(silence: .milliseconds(50))) { exchange in
            try await exchange.connectionClosed.get()
        }
        #expect(outcome == .failed(reason: "The answer took too long", retryAfterSeconds: nil))
    }

    @Test func `Failures open the circuit, and while it is open the backend is not called`() async throws {
        let requests = Requests()
        let metrics = TestMetrics()
        var surroundings = TestBounds().surroundings
        surroundings.metrics = metrics
        try await StubBackend.with { exchange in
            _ = requests.add(exchange)
            try await exchange.respond(.internalServerError, StubBackend.Exchange.json, "{}")
        } _: { stub in
            try await withBackend(surroundings: surroundings) { backend in
                var type = SessionType.calling(stub.url)
                type.circuitBreaker = SessionType.CircuitBreaker(failureThreshold: 2, openSeconds: 30)
                for _ in 0..<2 {
                    guard case .failed = try await notify(type, with: backend) else {
                        Issue.record("an attempt that was to fail")
                        return
                    }
                }
                let outcome = try await notify(type, with: backend)
                guard case .postponed(_, let seconds) = outcome else {
                    Issue.record("not postponed: \(outcome)")
                    return
                }
                #expect((1...30).contains(seconds))
                #expect(requests.all.count == 2)
                let labels = [("event", "session.deleted"), ("outcome", "circuit_open")]
                #expect(try metrics.expectCounter("chat_engine_backend_calls_total", labels).totalValue == 1)
            }
        }
    }
}
