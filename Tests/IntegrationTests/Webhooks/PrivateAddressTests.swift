import ChatCore
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

/// Nodes that have `WEBHOOK_ALLOW_PRIVATE` off, with a backend on this machine.
@Suite(.timeLimit(.minutes(5)))
struct PrivateAddressTests {
    private static let off = ["WEBHOOK_ALLOW_PRIVATE": "false"]

    @Test("A gateway does not call it, tells the client no more than that, and says so in log and metrics")
    func gateway() async throws {
        try await withSharedCluster { cluster in
            let gateway = try await cluster.startGateway("public-only", environment: Self.off)
            let client = try await TestClient(of: cluster)
            let session = try await client.makeSession()
            let socket = try await client.connect(to: gateway)
            let answer = try await socket.converse("hello", in: session)
            #expect(answer.end.type == "message.streaming.error")
            #expect(answer.end.string("error_code") == "BACKEND_ERROR")
            #expect(answer.end["details"]?.objectValue?.names == ["trace_id"])
            #expect(answer.end.string("message") == "The backend could not be reached.")
            let message = try await client.message(answer.messageID)
            #expect(message.messageState == "failed")
            let metrics = String(decoding: try await gateway.ask("/metrics").bytes, as: UTF8.self)
            let calls = "chat_engine_backend_calls_total{event=\"message.new\",outcome=\"refused_address\"} 1\n"
            #expect(metrics.contains(calls))
            #expect(gateway.logTail.contains("A backend has an address that is refused"))
            await gateway.terminate()
        }
    }

    @Test("A REST node makes no session with it")
    func restNode() async throws {
        let requests = Atomic<Int>(0)
        try await StubBackend.with { exchange in
            requests.add(1, ordering: .relaxed)
            try await exchange.respond(.ok, StubBackend.Exchange.json, #"{"available_capabilities":[]}"#)
        } _: { stub in
            let shape = TestCluster.Shape(apis: 1, gateways: 0, buses: 0, environment: Self.off)
            try await withCluster(shape) { cluster in
                let type = try await cluster.addSessionType(["webhook_url": .string(stub.url(host: "localhost"))])
                let client = try await TestClient(of: cluster)
                let refused = try await client.api().post("/api/v1/sessions", ["session_type_id": .string(type)])
                expectError(refused, 502, "BACKEND_ERROR")
            }
        }
        #expect(requests.load(ordering: .relaxed) == 0)
    }
}
