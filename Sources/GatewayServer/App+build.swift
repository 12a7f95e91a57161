import ChatAPI
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
    let webhooks = WebhookConfiguration(allowsPrivateAddresses: runtime.webhookAllowPrivate)
    let backend = WebhookBackend(configuration: webhooks, logger: logger)
    let tokens = try await TokenVerifier(configuration.listener.tokens)

    let bell = OutboxBell(bus: bus)
    let leases = AnnouncingStreamLeaseStore(StreamLeaseRepository(client: database), bell: bell)
    let registry = StreamRegistry()
    let messages = AnnouncingMessageStore(MessageRepository(client: database), bell: bell)
    let streams = StreamServices(
        node: node,
        backend: backend,
        messages: messages,
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
    let stopMessage = StopMessage(
        node: node,
        leases: leases,
        directory: directory,
        registry: registry,
        signals: signals
    )
    let exporting = ExportingServices(
        configuration: configuration.exports,
        tokenSecret: configuration.listener.tokens.secret,
        publicBaseURL: configuration.listener.publicBaseURL,
        transcripts: TranscriptRepository(client: database)
    )
    let services = GatewayServices(
        configuration: configuration,
        node: node,
        drain: drain,
        verify: { try await tokens.verify($0) },
        operations: StreamOperations(
            database: database,
            bus: bus,
            bell: bell,
            streams: streams,
            directory: directory,
            signals: signals,
            stopMessage: stopMessage,
            graceSeconds: configuration.streamGraceSeconds,
            mayWait: { !drain.isDraining }
        ),
        streams: registry,
        events: EventRepository(client: database),
        bus: bus,
        legacy: LegacyServices(
            database: database,
            bell: bell,
            backend: backend,
            messages: messages,
            stopMessage: stopMessage,
            exporting: exporting,
            publicBaseURL: configuration.listener.publicBaseURL
        ),
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
        cleanUp: {
            try? await backend.shutdown()
            await exporting.shutdown()
        }
    )
}
