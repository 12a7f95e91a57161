import ChatBackends
import ChatBus
import ChatCore
import ChatGateway
import ChatRuntime
import ChatStorage
import Logging

/// Joins the rooms to a gateway; nothing runs before ``ServerProcess/run()``.
func buildGateway(_ configuration: GatewayConfiguration) async throws -> ServerProcess {
    let runtime = configuration.runtime
    let metrics = Bootstrap.start(runtime.logging, nodeName: runtime.nodeName)
    let logger = Logger(label: "chat-engine-gateway")
    let node = Node(id: .make(), name: runtime.nodeName, role: .gateway)
    let drain = DrainState()
    let readiness = ReadinessRegistry(drain: drain)
    let reporter = StreamReporter(logger: logger)

    let database = PostgresClient(
        configuration: PostgresConfiguration(
            connectionString: runtime.database.url,
            poolSize: runtime.database.poolSize,
            statementTimeoutMilliseconds: runtime.database.statementTimeoutMilliseconds,
            applicationName: "chat-engine-gateway"
        ),
        logger: logger
    )
    let bus = RedisBus(configuration: try RedisConfiguration(url: runtime.redisURL), logger: logger)
    let backend = WebhookBackend(logger: logger)
    let tokens = try await TokenVerifier(configuration.listener.tokens)

    let bell = OutboxBell(bus: bus)
    let leases = AnnouncingStreamLeaseStore(StreamLeaseRepository(client: database), bell: bell)
    let registry = StreamRegistry()
    let streams = StreamServices(
        node: node,
        backend: backend,
        messages: AnnouncingMessageStore(MessageRepository(client: database), bell: bell),
        registry: registry,
        observer: reporter
    )
    let signals = NodeSignals(node: node, bus: bus, registry: registry, observer: reporter)
    let keeper = NodeKeeper(
        node: node,
        leases: leases,
        registry: registry,
        observer: reporter,
        leaseSeconds: configuration.nodeLeaseSeconds
    )
    let directory = StreamDirectoryRepository(client: database)
    let sessions = SessionRepository(client: database)
    let busyStreams = BusyStreams(
        queue: SendQueueRepository(client: database),
        bus: bus,
        stopMessage: StopMessage(
            node: node,
            leases: leases,
            directory: directory,
            registry: registry,
            signals: signals
        ),
        mayWait: { !drain.isDraining }
    )
    let services = GatewayServices(
        configuration: configuration,
        node: node,
        drain: drain,
        verify: { try await tokens.verify($0) },
        sendMessage: SendMessage(
            sessions: sessions,
            shares: ShareRepository(client: database),
            streams: streams,
            busyStreams: busyStreams,
            graceSeconds: configuration.streamGraceSeconds
        ),
        recreateMessage: RecreateMessage(
            store: RecreationRepository(client: database),
            directory: directory,
            streams: streams,
            busyStreams: busyStreams,
            graceSeconds: configuration.streamGraceSeconds
        ),
        summarizeSession: SummarizeSession(
            sessions: sessions,
            summaries: AnnouncingSummaryStore(SummaryRepository(client: database), bell: bell),
            streams: streams
        ),
        watchStream: WatchStream(
            node: node,
            directory: directory,
            registry: registry,
            signals: signals,
            observer: reporter
        ),
        streams: registry,
        events: EventRepository(client: database),
        bus: bus,
        logger: logger
    )
    let migrator = SchemaMigrator(client: database)
    let gate = StartGate(database: migrator, logger: logger) { try await keeper.begin() }
    readiness.register(database: migrator, gate: gate)
    readiness.register(bus: bus)
    return ServerProcess(
        services: [
            AdminServer(runtime, readiness: readiness, metrics: metrics, logger: logger),
            database,
            bus,
            gate,
            GatedService(
                NodeService(
                    signals: signals,
                    keeper: keeper,
                    drainStreams: DrainStreams(registry: registry),
                    drainSeconds: runtime.drainSeconds
                ),
                behind: gate
            ),
            GatedService(GatewayListener(services: services), behind: gate),
        ],
        drain: drain,
        drainSeconds: runtime.drainSeconds,
        logger: logger,
        cleanUp: { try? await backend.shutdown() }
    )
}
