import ChatCore
import TestSupport

/// Says when a cluster serves: every node is ready, and on each gateway a message is answered and pushed to a device on
/// the next.
struct ClusterProbe: Sendable {
    private static let patience: Duration = .seconds(60)
    /// One attempt; what is not there by then is asked for anew.
    private static let attempt: Duration = .seconds(3)

    private let cluster: TestCluster
    private let client: TestClient
    private let session: String

    init(_ cluster: TestCluster) async throws {
        self.cluster = cluster
        client = try await TestClient(of: cluster, expiresInSeconds: 7 * 86400)
        session = try await client.makeSession()
    }

    func untilHealthy() async throws {
        for node in cluster.nodes {
            try await eventually("\(node.name) is ready", within: Self.patience) {
                try await isReady(node) ? true : nil
            }
        }
        for index in cluster.gateways.indices {
            try await eventually("\(cluster.gateways[index].name) serves", within: Self.patience) {
                try await converses(through: index) ? true : nil
            }
        }
        for index in cluster.apis.indices {
            try await eventually("\(cluster.apis[index].name) serves", within: Self.patience) {
                var api = client.api(index)
                api.timeoutSeconds = 3
                return try await api.get("/api/v1/sessions/\(session)").status == 200 ? true : nil
            }
        }
    }

    private func isReady(_ node: ClusterProcess) async throws -> Bool {
        var api = APIClient(baseURL: "http://127.0.0.1:\(node.adminPort)")
        api.timeoutSeconds = 3
        return try await api.get("/readyz").status == 200
    }

    private func converses(through index: Int) async throws -> Bool {
        let socket = try await client.connect(gateway: index)
        let device = try await client.connect(gateway: (index + 1) % cluster.gateways.count)
        let payload: JSONValue = ["session_id": .string(session), "content": "probe", "on_busy": "interrupt"]
        let request = try await socket.send("message.send", payload)
        let start = try await socket.expect("message.streaming.start", requestID: request, timeout: Self.attempt)
        let message = start.string("message_id")
        try await socket.expect("message.streaming.complete", requestID: request, timeout: Self.attempt)
        try await device.expect("message.created", timeout: Self.attempt) {
            $0["message"]?.string("message_id") == message
        }
        return true
    }
}
