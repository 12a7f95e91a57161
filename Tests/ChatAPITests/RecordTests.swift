import ChatCore
import ChatRuntime
import Hummingbird
import Testing

@testable import ChatAPI

/// What log and metrics tell of requests.
@Suite struct RecordTests {
    private let api = APIFixture()

    @Test func aRequestIsLoggedByItsRoute() async throws {
        let id = SessionID.make()
        let reply = try await api.send(.get, "/sessions/\(id)")
        let record = try #require(api.log.records.first { $0.contains("Request answered") })
        #expect(record.hasPrefix("info "))
        for pair in [
            "client_id=alice", "method=GET", "route=/api/v1/sessions/{id}", "status=404",
            "trace_id=\(reply.requestID ?? "-")", "duration_ms=",
        ] {
            #expect(record.contains(pair))
        }
        #expect(!record.contains(id.description))
        _ = try await api.send(.get, "/sessions")
        #expect(api.log.records.contains { $0.hasPrefix("debug Request answered") })
    }

    @Test func neitherTokensNorBodiesAreLogged() async throws {
        _ = try await api.send(.post, "/sessions", as: "expired", ["metadata": "content-42"])
        _ = try await api.send(.post, "/sessions", ["metadata": "content-42", "content-42": 1])
        _ = try await api.send(.get, "/sessions?q=content-42")
        #expect(!api.log.records.isEmpty)
        #expect(!api.log.records.contains { $0.contains("content-42") || $0.contains("expired") })
    }

    @Test func requestsAreCountedByRouteAndStatus() async throws {
        let session = try Sample.session()
        api.database.change { $0.sessions = [session] }
        _ = try await api.send(.get, "/sessions/\(session.id)")
        _ = try await api.send(.head, "/sessions/\(session.id)")
        _ = try await api.send(.get, "/sessions/\(SessionID.make())")
        _ = try await api.send(try #require(.init("BREW")), "/sessions/1")
        _ = try await api.send(.get, "/nothing/\(SessionID.make())")
        let text = api.metrics.render()
        let route = "route=\"/api/v1/sessions/{id}\""
        for line in [
            "chat_engine_http_requests_total{method=\"GET\",\(route),status=\"200\"} 1",
            "chat_engine_http_requests_total{method=\"HEAD\",\(route),status=\"200\"} 1",
            "chat_engine_http_requests_total{method=\"GET\",\(route),status=\"404\"} 1",
            "chat_engine_http_requests_total{method=\"OTHER\",\(route),status=\"405\"} 1",
            "chat_engine_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
            "chat_engine_http_request_duration_seconds_count{method=\"HEAD\",\(route)} 1",
        ] {
            #expect(text.contains(line + "\n"))
        }
    }
}
