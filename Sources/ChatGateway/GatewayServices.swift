public import ChatCore
public import ChatRuntime
public import Logging

/// What a gateway needs from outside.
public struct GatewayServices: Sendable {
    public let configuration: GatewayConfiguration
    public let node: Node
    public let drain: DrainState
    public let verify: @Sendable (String) async throws -> Caller
    public let operations: StreamOperations
    public let streams: StreamRegistry
    public let logger: Logger
    let legacy: LegacyServices
    let push: PushHub
    let connections: ConnectionRegistry
    let running = RunningOperations()
    let metrics: GatewayMetrics

    public init(
        configuration: GatewayConfiguration,
        node: Node,
        drain: DrainState,
        verify: @escaping @Sendable (String) async throws -> Caller,
        operations: StreamOperations,
        streams: StreamRegistry,
        events: any EventStore,
        bus: any SignalBus,
        legacy: LegacyServices,
        logger: Logger
    ) {
        self.configuration = configuration
        self.node = node
        self.drain = drain
        self.verify = verify
        self.operations = operations
        self.streams = streams
        self.legacy = legacy
        self.logger = logger
        let metrics = GatewayMetrics()
        self.metrics = metrics
        self.push = PushHub(events: events, bus: bus, metrics: metrics, logger: logger)
        self.connections = ConnectionRegistry(
            maximum: configuration.connections.maximumConnections,
            maximumPerClient: configuration.connections.maximumConnectionsPerClient
        )
    }
}

/// What clients can have streamed to them.
public struct StreamOperations: Sendable {
    let sendMessage: SendMessage
    let recreateMessage: RecreateMessage
    let summarizeSession: SummarizeSession
    let watchStream: WatchStream

    public init(
        sendMessage: SendMessage,
        recreateMessage: RecreateMessage,
        summarizeSession: SummarizeSession,
        watchStream: WatchStream
    ) {
        self.sendMessage = sendMessage
        self.recreateMessage = recreateMessage
        self.summarizeSession = summarizeSession
        self.watchStream = watchStream
    }
}
