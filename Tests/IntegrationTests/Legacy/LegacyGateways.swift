import ChatCore
import TestSupport
import Testing

/// Runs a test on the shared cluster with more gateways beside its own, which are in a phase of their own.
func withLegacyGateways(
    _ count: Int = 1,
    phase: Int,
    environment: [String: String] = [:],
    _ body: (TestCluster, [ClusterProcess]) async throws -> Void
) async throws {
    try await withSharedCluster { cluster in
        var gateways: [ClusterProcess] = []
        do {
            for number in 1...count {
                let gateway = try await cluster.startGateway(
                    "legacy-\(phase)-\(number)",
                    environment: environment.merging(["MIGRATION_PHASE": "\(phase)"]) { given, _ in given }
                )
                gateways.append(gateway)
            }
            try await body(cluster, gateways)
        } catch {
            let tails = gateways.map(\.logTail).joined(separator: "\n\n")
            for gateway in gateways { await gateway.kill() }
            Issue.record("\(error)\n\n\(tails)")
            throw error
        }
        for gateway in gateways { await gateway.terminate() }
    }
}

extension TestClient {
    /// Connects to a gateway that is none of the cluster's own.
    func connect(to gateway: ClusterProcess) async throws -> WebSocketClient {
        let socket = try await WebSocketClient.connect(
            port: gateway.port,
            WebSocketClient.Handshake(token: token)
        )
        try await socket.expect("connection.ready")
        return socket
    }
}

extension WebSocketClient {
    /// Sends an operation of the first protocol and waits for its answer.
    ///
    /// - Parameter isWrong: the payload is meant not to be as described.
    func ask(
        _ type: String,
        _ payload: JSONValue,
        id: String? = nil,
        isWrong: Bool = false
    ) async throws -> Envelope {
        let request = try await send(type, payload, id: id, isWrong: isWrong)
        return try await expect {
            $0.requestID == request && ($0.type == "response.success" || $0.type == "response.error")
        }
    }
}

/// An operation of the first protocol, and the REST request that asks for the same.
struct LegacyPair: Sendable {
    var type: String
    var payload: JSONValue
    var method: String
    /// After the base path.
    var path: String
    var body: JSONValue?
    /// The operation of `docs/openapi.yaml`.
    var operation: String

    init(
        _ type: String,
        _ payload: JSONValue,
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        as route: String
    ) {
        self.type = type
        self.payload = payload
        self.method = method
        self.path = path
        self.body = body
        operation = "\(method) /api/v1\(route)"
    }

    func ask(_ api: APIClient) async throws -> APIClient.Answer {
        try await api.send(method, "/api/v1\(path)", body: body)
    }

    /// Everything that reads, of one session.
    static func reads(session: String, message: String, share: String) -> [LegacyPair] {
        let sessionID = JSONValue.string(session)
        let messageID = JSONValue.string(message)
        return [
            LegacyPair("session.get", ["session_id": sessionID], "GET", "/sessions/\(session)", as: "/sessions/{id}"),
            LegacyPair(
                "message.list",
                ["session_id": sessionID],
                "GET",
                "/sessions/\(session)/messages",
                as: "/sessions/{id}/messages"
            ),
            LegacyPair(
                "message.list",
                [
                    "session_id": sessionID, "path": "all", "order": "desc", "limit": 1,
                    "parent_message_id": messageID, "cursor": nil,
                ],
                "GET",
                "/sessions/\(session)/messages?path=all&order=desc&limit=1&parent_message_id=\(message)",
                as: "/sessions/{id}/messages"
            ),
            LegacyPair("message.get", ["message_id": messageID], "GET", "/messages/\(message)", as: "/messages/{id}"),
            LegacyPair(
                "message.get_variants",
                ["message_id": messageID],
                "GET",
                "/messages/\(message)/variants",
                as: "/messages/{id}/variants"
            ),
            LegacyPair(
                "session.search",
                ["session_id": sessionID, "query": "maize", "limit": 1, "offset": 1],
                "GET",
                "/sessions/\(session)/search?query=maize&limit=1&offset=1",
                as: "/sessions/{id}/search"
            ),
            LegacyPair("sessions.search", ["query": "maize"], "GET", "/search?query=maize", as: "/search"),
            LegacyPair(
                "session.access_shared",
                ["share_token": .string(share), "limit": 1],
                "GET",
                "/share/\(share)?limit=1",
                as: "/share/{token}"
            ),
        ]
    }

    /// Everything that changes a session or a message.
    static func changes(session: String, message: String, type: String) -> [LegacyPair] {
        let sessionID = JSONValue.string(session)
        let messageID = JSONValue.string(message)
        return [
            LegacyPair(
                "session.create",
                ["session_type_id": .string(type), "metadata": ["title": "A plan"]],
                "POST",
                "/sessions",
                ["session_type_id": .string(type), "metadata": ["title": "A plan"]],
                as: "/sessions"
            ),
            LegacyPair(
                "session.switch_type",
                ["session_id": sessionID, "new_session_type_id": .string(type)],
                "PATCH",
                "/sessions/\(session)/type",
                ["new_session_type_id": .string(type)],
                as: "/sessions/{id}/type"
            ),
            LegacyPair(
                "session.export",
                ["session_id": sessionID, "format": "txt", "scope": "all"],
                "POST",
                "/sessions/\(session)/export",
                ["format": "txt", "scope": "all"],
                as: "/sessions/{id}/export"
            ),
            LegacyPair(
                "session.share",
                ["session_id": sessionID, "expires_at": "2099-12-31T23:59:59.000Z"],
                "POST",
                "/sessions/\(session)/share",
                ["expires_at": "2099-12-31T23:59:59.000Z"],
                as: "/sessions/{id}/share"
            ),
            LegacyPair(
                "message.stop",
                ["message_id": messageID],
                "POST",
                "/messages/\(message)/stop",
                as: "/messages/{id}/stop"
            ),
            LegacyPair(
                "session.delete",
                ["session_id": sessionID],
                "DELETE",
                "/sessions/\(session)",
                as: "/sessions/{id}"
            ),
        ]
    }
}

/// A session with a message that has two answers, and a share of it.
struct LegacyScene: Sendable {
    let session: String
    let message: String
    let share: String
    let otherType: String

    init(of client: TestClient) async throws {
        let cluster = client.cluster
        otherType = try await cluster.addSessionType(["webhook_url": .string(cluster.backendURL)])
        session = try await client.makeSession()
        let sent = try await client.api().post(
            "/api/v1/sessions/\(session)/messages/multi",
            [
                "content": "What grows beside maize?",
                "session_type_ids": [.string(cluster.sessionTypeID), .string(otherType)],
            ]
        )
        let answer = sent["responses"]?.arrayValue?.first?["message"]?["message_id"]?.stringValue
        message = try #require(answer, "\(sent)")
        let shared = try await client.api().post("/api/v1/sessions/\(session)/share")
        share = try #require(shared["share_token"]?.stringValue)
    }
}
