public import ChatCore

/// What `chat-engine-gateway` reads.
public struct GatewayConfiguration: ReadableConfiguration {
    public static var role: Node.Role { .gateway }

    public var runtime: RuntimeConfiguration
    public var listener: PublicListenerConfiguration
    public var connections = ConnectionLimits()
    /// Time without renewal after which the node counts as dead.
    public var nodeLeaseSeconds = 8
    /// Streams one connection may run at once.
    public var maximumConcurrentStreams = 16
    /// Time a client that asked for `on_disconnect: "cancel"` has to come back.
    public var streamGraceSeconds = 30
    /// 1…5: which operations of the first protocol are still served.
    public var migrationPhase = 5
    /// Where the first protocol's exports go: to the same place as those of the REST nodes.
    public var exports: ExportConfiguration

    /// Bounds of the WebSocket connections (`contract/websocket.md`).
    public struct ConnectionLimits: Sendable {
        /// Connections of the node.
        public var maximumConnections = 20_000
        /// Connections of one client on the node.
        public var maximumConnectionsPerClient = 100
        /// Messages of one connection; bursts may be twice as large.
        public var maximumMessagesPerSecond = 50
        /// Messages over that rate which are refused within the window before the connection is closed.
        public var maximumRefusedMessages = 20
        public var refusedMessagesWindowSeconds = 10
        /// Bad messages that are borne within the window before the connection is closed.
        public var maximumBadInputs = 20
        public var badInputWindowSeconds = 60
        /// Size of one message, fragments summed.
        public var maximumPayloadBytes = 1_048_576
        public var pingIntervalSeconds = 30
        /// Silence that ends a connection.
        public var pongTimeoutSeconds = 60
        /// Time to send `auth` without a token in the handshake.
        public var authenticationTimeoutSeconds = 10
        /// Time in which a client whose buffer is full has to take something.
        public var slowConsumerSeconds = 60

        public init() {}
    }

    public init(
        runtime: RuntimeConfiguration,
        listener: PublicListenerConfiguration,
        exports: ExportConfiguration
    ) {
        self.runtime = runtime
        self.listener = listener
        self.exports = exports
    }

    public init(reading settings: inout SettingsReader) {
        runtime = RuntimeConfiguration(reading: &settings)
        listener = PublicListenerConfiguration(reading: &settings)
        connections = ConnectionLimits(reading: &settings)
        nodeLeaseSeconds = settings.integer(.nodeLeaseSeconds)
        maximumConcurrentStreams = settings.integer(.maximumConcurrentStreams)
        streamGraceSeconds = settings.integer(.streamGraceSeconds)
        migrationPhase = settings.integer(.migrationPhase)
        exports = ExportConfiguration(reading: &settings)
        settings.checkPorts(public: listener.port, administration: runtime.adminPort)
    }
}

extension GatewayConfiguration.ConnectionLimits {
    init(reading settings: inout SettingsReader) {
        maximumConnections = settings.integer(.maximumConnections)
        maximumConnectionsPerClient = settings.integer(.maximumConnectionsPerClient)
        maximumMessagesPerSecond = settings.integer(.maximumMessagesPerSecond)
        maximumRefusedMessages = settings.integer(.maximumRefusedMessages)
        refusedMessagesWindowSeconds = settings.integer(.refusedMessagesWindowSeconds)
        maximumBadInputs = settings.integer(.maximumBadInputs)
        badInputWindowSeconds = settings.integer(.badInputWindowSeconds)
        maximumPayloadBytes = settings.integer(.maximumPayloadBytes)
        pingIntervalSeconds = settings.integer(.pingIntervalSeconds)
        pongTimeoutSeconds = settings.integer(.pongTimeoutSeconds)
        authenticationTimeoutSeconds = settings.integer(.authenticationTimeoutSeconds)
        slowConsumerSeconds = settings.integer(.slowConsumerSeconds)
        if pongTimeoutSeconds <= pingIntervalSeconds {
            settings.refuse(
                "PONG_TIMEOUT_SECONDS (\(pongTimeoutSeconds)) must be more than PING_INTERVAL_SECONDS "
                    + "(\(pingIntervalSeconds))"
            )
        }
    }
}
