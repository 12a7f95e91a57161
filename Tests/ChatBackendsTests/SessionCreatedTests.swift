import ChatCore
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

@testable import ChatBackends

@Suite struct SessionCreatedTests {
    private static let success = #"{"available_capabilities":[{"id":"echo"}]}"#

    /// Answers with these statuses, one after the other; the last one for ever.
    private func statuses(_ codes: [Int], _ requests: Requests) -> StubBackend.Script {
        { exchange in
            let code = codes[min(requests.add(exchange), codes.count - 1)]
            try await exchange.respond(HTTPResponseStatus(statusCode: code), StubBackend.Exchange.json, Self.success)
        }
    }

    @Test func `The answer's capabilities are returned`() async throws {
        try await StubBackend.with(statuses([200], Requests())) { stub in
            try await withBackend { backend in
                let capabilities = try await backend.sessionCreated(.of(.calling(stub.url)))
                #expect(capabilities.map(\.id) == ["echo"])
            }
        }
    }

    @Test func `The trace is passed on`() async throws {
        let requests = Requests()
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await StubBackend.with(statuses([200], requests)) { stub in
            try await withBackend { backend in
                var notice = try SessionCreatedNotice.of(.calling(stub.url))
                _ = try await backend.sessionCreated(notice)
                notice.traceparent = trace
                _ = try await backend.sessionCreated(notice)
            }
        }
        #expect(requests.all.map { $0.head.headers["traceparent"] } == [[], [trace]])
    }

    @Test(arguments: [502, 503, 504, 429])
    func `A status that promises to pass is tried again, as the same call`(code: Int) async throws {
        let requests = Requests()
        try await StubBackend.with(statuses([code, code, 200], requests)) { stub in
            try await withBackend { backend in
                let sessionType = SessionType.calling(stub.url, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                _ = try await backend.sessionCreated(.of(sessionType))
            }
        }
        #expect(requests.all.count == 3)
        #expect(Set(requests.all.map { $0.head.headers["webhook-id"] }).count == 1)
        #expect(Set(requests.all.map(\.body)).count == 1)
    }

    @Test(arguments: [([503], 3), ([500], 1), ([404], 1), ([502, 400], 2)])
    func `Three attempts at most, and none after an answer that stays`(codes: [Int], attempts: Int) async throws {
        let requests = Requests()
        try await StubBackend.with(statuses(codes, requests)) { stub in
            try await withBackend { backend in
                let error = try await chatError { _ = try await backend.sessionCreated(.of(.calling(stub.url))) }
                #expect(error.code == .backendError)
            }
        }
        #expect(requests.all.count == attempts)
    }

    @Test func `A lost connection is tried again`() async throws {
        let requests = Requests()
        try await StubBackend.with { exchange in
            if requests.add(exchange) == 0 { return try await exchange.reset() }
            try await exchange.respond(.ok, StubBackend.Exchange.json, Self.success)
        } _: { stub in
            try await withBackend { backend in _ = try await backend.sessionCreated(.of(.calling(stub.url))) }
        }
        #expect(requests.all.count == 2)
    }

    @Test func `Attempts share one budget`() async throws {
        let requests = Requests()
        try await StubBackend.with { exchange in
            _ = requests.add(exchange)
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend(TestBounds(silence: .milliseconds(50))) { backend in
                let error = try await chatError { _ = try await backend.sessionCreated(.of(.calling(stub.url))) }
                #expect(error.code == .backendTimeout)
                #expect(error.timeoutMilliseconds == 50)
            }
        }
        #expect(requests.all.count <= 1)
    }

    @Test func `An answer is asked for once only`() async throws {
        let requests = Requests()
        try await StubBackend.with(statuses([503], requests)) { stub in
            try await withBackend { backend in
                _ = try await chatError { try await backend.streamAnswer(to: .new(.calling(stub.url))) { _ in } }
            }
        }
        #expect(requests.all.count == 1)
    }

    @Test(arguments: ["{}", "junk", #"{"available_capabilities":[1]}"#])
    func `An answer that does not fit`(body: String) async throws {
        try await StubBackend.with {
            try await $0.respond(.ok, StubBackend.Exchange.json, body)
        } _: { stub in
            try await withBackend { backend in
                let error = try await chatError { _ = try await backend.sessionCreated(.of(.calling(stub.url))) }
                #expect(error.code == .backendError)
            }
        }
    }
}
