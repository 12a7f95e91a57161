import ChatCore
import TestSupport
import Testing

/// `POST /session-types/{id}/health` on real nodes.
@Suite(.timeLimit(.minutes(5)))
struct HealthCheckTests {
    @Test("The backend is asked, and its answer or its failure told")
    func health() async throws {
        try await withSharedCluster { cluster in
            let token = try await Tokens.sign(client: "administrator", isAdministrator: true)
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
            let answer = try await cluster.api(token: token).post("/api/v1/session-types/\(type)/health")
            #expect(answer.status == 200, "\(answer)")
            #expect(answer["status"] == "healthy")
            #expect(answer["version"] == "1.0")
            #expect(answer["capabilities"]?.arrayValue?.map { $0["id"]?.stringValue } == ["echo", "shout"])
            let statistics = try await TestCluster.statistics(of: backend)
            #expect(statistics["calls"] == ["session_type.health_check": 1])

            await backend.kill()
            let failed = try await cluster.api(token: token).post("/api/v1/session-types/\(type)/health")
            expectError(failed, 502, "BACKEND_ERROR")
            let client = try await TestClient(of: cluster)
            expectError(try await client.api().post("/api/v1/session-types/\(type)/health"), 403, "FORBIDDEN")
        }
    }

    @Test("A backend that does not answer is too slow")
    func slow() async throws {
        try await withSharedCluster { cluster in
            let token = try await Tokens.sign(client: "administrator", isAdministrator: true)
            let backend = try await cluster.startBackend()
            let type = try await cluster.addSessionType([
                "webhook_url": .string(TestCluster.url(of: backend)), "timeout_seconds": 1,
            ])
            backend.pause()
            let answer = try await cluster.api(token: token).post("/api/v1/session-types/\(type)/health")
            backend.resume()
            expectError(answer, 504, "BACKEND_TIMEOUT")
            #expect(answer["details"]?["timeout_ms"] == 1000)
        }
    }
}
