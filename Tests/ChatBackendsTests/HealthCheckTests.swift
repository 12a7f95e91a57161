import ChatCore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ChatBackends

@Suite struct HealthCheckTests {
    private static let success = #"{"status":"degraded","version":"7","capabilities":["echo"]}"#

    /// Answers with these statuses, one after the other; the last one for ever.
    private func statuses(_ codes: [Int], _ requests: Requests) -> StubBackend.Script {
        { exchange in
            let code = codes[min(requests.add(exchange), codes.count - 1)]
            try await exchange.respond(HTTPResponseStatus(statusCode: code), StubBackend.Exchange.json, Self.success)
        }
    }

    @Test func `The backend is asked, with the trace, and its answer returned`() async throws {
        let requests = Requests()
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await StubBackend.with(statuses([200], requests)) { stub in
            try await withBackend { backend in
                let type = SessionType.calling(stub.url, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                let health = try await backend.checkHealth(of: type, traceparent: trace)
                #expect(health == BackendHealth(status: .degraded, version: "7", capabilities: ["echo"]))
                let request = try #require(requests.all.first)
                #expect(try JSONParser.parse(request.body)["session_type_id"] == .string(type.id.description))
                #expect(request.head.headers["traceparent"] == [trace])
                #expect(request.head.headers.contains(name: "webhook-signature"))
            }
        }
    }

    @Test(arguments: [([503, 502, 200], 3, true), ([503], 3, false), ([500], 1, false)])
    func `Three attempts at most, and none after an answer that stays`(
        codes: [Int],
        attempts: Int,
        succeeds: Bool
    ) async throws {
        let requests = Requests()
        try await StubBackend.with(statuses(codes, requests)) { stub in
            try await withBackend { backend in
                let type = SessionType.calling(stub.url)
                if succeeds {
                    _ = try await backend.checkHealth(of: type, traceparent: nil)
                } else {
                    let error = try await chatError { _ = try await backend.checkHealth(of: type, traceparent: nil) }
                    #expect(error.code == .backendError)
                }
            }
        }
        #expect(requests.all.count == attempts)
    }

    @Test func `Attempts share one budget`() async throws {
        try await StubBackend.with { exchange in
            try await exchange.connectionClosed.get()
        } _: { stub in
            try await withBackend(TestBounds(silence: .milliseconds(50))) { backend in
                let error = try await chatError {
                    _ = try await backend.checkHealth(of: .calling(stub.url), traceparent: nil)
                }
                #expect(error.code == .backendTimeout)
                #expect(error.timeoutMilliseconds == 50)
            }
        }
    }

    @Test(arguments: ["{}", "junk", #"{"status":"fine"}"#])
    func `An answer that does not fit`(body: String) async throws {
        try await StubBackend.with {
            try await $0.respond(.ok, StubBackend.Exchange.json, body)
        } _: { stub in
            try await withBackend { backend in
                let error = try await chatError {
                    _ = try await backend.checkHealth(of: .calling(stub.url), traceparent: nil)
                }
                #expect(error.code == .backendError)
            }
        }
    }
}
