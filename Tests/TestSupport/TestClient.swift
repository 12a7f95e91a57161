public import ChatCore
import Foundation

/// One client (`client_id`) of a test cluster, whose events and sessions are no other test's.
public struct TestClient: Sendable {
    public let cluster: TestCluster
    public let id: String
    public let token: String

    public init(of cluster: TestCluster, id: String? = nil, expiresInSeconds: Int = 3600) async throws {
        self.cluster = cluster
        let id = id ?? "client-\(UUID().uuidString.lowercased())"
        self.id = id
        token = try await Tokens.sign(client: id, expiresInSeconds: expiresInSeconds)
    }

    /// A REST node, by its place.
    public func api(_ index: Int = 0) -> APIClient { cluster.api(index, token: token) }

    /// REST through the load balancer.
    public var publicAPI: APIClient { cluster.publicAPI(token: token) }

    /// Creates a session and returns its id.
    public func makeSession(type: String? = nil, through api: APIClient? = nil) async throws -> String {
        let answer = try await (api ?? self.api()).post(
            "/api/v1/sessions",
            ["session_type_id": .string(type ?? cluster.sessionTypeID)]
        )
        guard answer.status == 201, let id = answer["session_id"]?.stringValue else {
            throw TestSupportError("the session was not created: \(answer)")
        }
        return id
    }

    /// Connects to a gateway, by its place, and takes `connection.ready` out of the inbox.
    ///
    /// - Parameter receiveBufferBytes: what the kernel takes for a client that does not read; its own choice if `nil`.
    public func connect(
        gateway index: Int = 0,
        lastSeq: Int64? = nil,
        receiveBufferBytes: Int? = nil
    ) async throws -> WebSocketClient {
        var handshake = WebSocketClient.Handshake(token: token)
        handshake.lastSeq = lastSeq
        handshake.receiveBufferBytes = receiveBufferBytes
        let socket = try await WebSocketClient.connect(port: cluster.gateways[index].port, handshake)
        try await socket.expect("connection.ready")
        return socket
    }

    /// Connects through the load balancer, and tells which gateway took the connection.
    public func connectPublicly(lastSeq: Int64? = nil) async throws -> (socket: WebSocketClient, gateway: Int) {
        let port = cluster.loadBalancer?.port ?? cluster.gateways[0].port
        var handshake = WebSocketClient.Handshake(token: token)
        handshake.lastSeq = lastSeq
        let socket = try await WebSocketClient.connect(port: port, handshake)
        let node = try await socket.expect("connection.ready").string("node_id")
        guard let gateway = cluster.gateways.firstIndex(where: { $0.name == node }) else {
            throw TestSupportError("the connection is at \(node), which is no gateway of the cluster")
        }
        return (socket, gateway)
    }

    /// A message as REST shows it.
    public func message(_ id: String, through index: Int = 0) async throws -> JSONValue {
        let answer = try await api(index).get("/api/v1/messages/\(id)")
        guard answer.status == 200 else { throw TestSupportError("the message cannot be read: \(answer)") }
        return answer.body
    }

    /// The active path of a session.
    public func messages(of session: String, through index: Int = 0) async throws -> [JSONValue] {
        let answer = try await api(index).get("/api/v1/sessions/\(session)/messages?limit=1000")
        guard answer.status == 200, let messages = answer["messages"]?.arrayValue else {
            throw TestSupportError("the messages cannot be read: \(answer)")
        }
        return messages
    }
}
