public import ChatCore

/// What a gateway is told: where it listens and what it allows (`contract/websocket.md`).
public struct GatewaySettings: Sendable {
    public var host: String
    /// 0 for any free port.
    public var port: Int
    public var node: Node
    public var serverVersion: String
    /// Origins browsers may connect from; `*` for any.
    public var allowedOrigins: [String]
    public var maxPayloadBytes: Int
    public var maxConcurrentStreams: Int
    public var pingIntervalSeconds: Int
    /// A connection without a pong or other frame for that long is given up.
    public var pongTimeoutSeconds: Int
    /// Within which a connection without a token in the handshake has to send `auth`.
    public var authTimeoutSeconds: Int
    public var maxConnections: Int
    public var maxConnectionsPerClient: Int
    /// How long running streams may go on once the node drains.
    public var drainSeconds: Int

    public init(
        host: String,
        port: Int,
        node: Node,
        serverVersion: String,
        allowedOrigins: [String],
        maxPayloadBytes: Int = 1 << 20,
        maxConcurrentStreams: Int = 16,
        pingIntervalSeconds: Int = 30,
        pongTimeoutSeconds: Int = 60,
        authTimeoutSeconds: Int = 10,
        maxConnections: Int = 20_000,
        maxConnectionsPerClient: Int = 100,
        drainSeconds: Int = 30
    ) {
        self.host = host
        self.port = port
        self.node = node
        self.serverVersion = serverVersion
        self.allowedOrigins = allowedOrigins
        self.maxPayloadBytes = maxPayloadBytes
        self.maxConcurrentStreams = maxConcurrentStreams
        self.pingIntervalSeconds = pingIntervalSeconds
        self.pongTimeoutSeconds = pongTimeoutSeconds
        self.authTimeoutSeconds = authTimeoutSeconds
        self.maxConnections = maxConnections
        self.maxConnectionsPerClient = maxConnectionsPerClient
        self.drainSeconds = drainSeconds
    }
}
