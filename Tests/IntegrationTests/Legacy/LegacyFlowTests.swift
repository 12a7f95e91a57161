import ChatCore
import Foundation
import TestSupport
import Testing

/// Operations of the first protocol beside each other, beside a slow client, and while their node goes away.
@Suite(.timeLimit(.minutes(5)))
struct LegacyFlowTests {
    /// A session type whose backend takes requests and does not answer before it is resumed.
    private func pausedBackend(of cluster: TestCluster) async throws -> (backend: ClusterProcess, type: JSONValue) {
        let backend = try await cluster.startBackend()
        let type = try await cluster.addSessionType(["webhook_url": .string(TestCluster.url(of: backend))])
        backend.pause()
        return (backend, .string(type))
    }

    @Test("Operations run beside each other; one more than may run at once is refused")
    func concurrency() async throws {
        try await withLegacyGateways(phase: 1, environment: ["MAX_CONCURRENT_STREAMS": "2"]) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(to: gateways[0])
            let (backend, type) = try await pausedBackend(of: cluster)
            let slow = try await socket.send("session.create", ["session_type_id": type])
            let get: JSONValue = ["session_id": .string(session)]
            #expect(try await socket.ask("session.get", get).type == "response.success")
            let slower = try await socket.send("session.create", ["session_type_id": type])
            let refused = try await socket.ask("session.get", get)
            #expect(refused["error_code"] == "RATE_LIMIT_EXCEEDED")
            #expect(refused["details"]?["limit_type"] == "concurrent")
            // Streams have places of their own.
            #expect(try await socket.converse("hello", in: session).state == "complete")
            backend.resume()
            for request in [slow, slower] { try await socket.expect("response.success", requestID: request) }
            try await eventually("the places are free again") {
                try await socket.ask("session.get", get).type == "response.success" ? true : nil
            }
            await backend.terminate()
        }
    }

    @Test("A client that takes its answers slowly gets all of them, and loses nothing else meanwhile")
    func slowClient() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            // Each list is some 2 MB; all of them are more than a connection may be owed at once.
            try await LongSession.fill(session, of: client, count: 100, bytesEach: 20_000)
            let socket = try await client.connect(to: gateways[0])
            try await socket.pauseReading()
            var requests: [String] = []
            for _ in 0..<16 {
                requests.append(
                    try await socket.send("message.list", ["session_id": .string(session), "limit": 100])
                )
            }
            let line = "chat_engine_legacy_operations_total{operation=\"message.list\",outcome=\"answered\"} 16\n"
            try await eventually("every list is read") {
                let metrics = try await gateways[0].ask("/metrics")
                return String(decoding: metrics.bytes, as: UTF8.self).contains(line) ? true : nil
            }
            try await socket.resumeReading()
            for request in requests {
                let answer = try await socket.expect(timeout: .seconds(60)) { $0.requestID == request }
                #expect(answer["result"]?["messages"]?.arrayValue?.count == 100)
            }
            #expect(try await socket.ask("session.get", ["session_id": .string(session)]).type == "response.success")
        }
    }

    @Test("A node that goes away finishes what it has begun, and takes nothing new")
    func drain() async throws {
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(to: gateways[0])
            let (backend, type) = try await pausedBackend(of: cluster)
            let begun = try await socket.send("session.create", ["session_type_id": type])
            try await socket.ping()
            gateways[0].askToTerminate()
            try await socket.expect("connection.draining")
            let refused = try await socket.ask("session.get", ["session_id": .string(session)])
            #expect(refused["error_code"] == "SERVICE_UNAVAILABLE")
            backend.resume()
            let created = try await socket.expect("response.success", requestID: begun)
            let id = try #require(created["result"]?["session_id"]?.stringValue)
            #expect(try await client.api().get("/api/v1/sessions/\(id)").status == 200)
            #expect(try await socket.closeCode() == 1001)
            #expect(await gateways[0].untilExit()?.isSuccess == true)
            await backend.terminate()
        }
    }
}
