import ChatAPI
import ChatBackends
import ChatBus
import ChatCore
import ChatRuntime
import ChatStorage
import Logging

/// Joins the rooms to a REST node; nothing runs before ``ServerProcess/run()``.
func buildAPI(_ configuration: APIConfiguration) async throws -> ServerProcess {
    let runtime = configuration.runtime
    let metrics = Bootstrap.start(runtime.logging, nodeName: runtime.nodeName)
    let logger = Logger(label: "chat-engine-api")
    let node = Node(id: .make(), name: runtime.nodeName, role: .api)
    let drain = DrainState()
    let readiness = ReadinessRegistry(drain: drain)
    let reporter = StreamReporter(logger: logger)

    let database = PostgresClient(
        configuration: PostgresConfiguration(
            connectionString: runtime.database.url,
            poolSize: runtime.database.poolSize,
            statementTimeoutMilliseconds: runtime.database.statementTimeoutMilliseconds,
            applicationName: "chat-engine-api"
        ),
        logger: logger
    )
    let bus = RedisBus(configuration: try RedisConfiguration(url: runtime.redisURL), logger: logger)
    let webhooks = WebhookConfiguration(allowsPrivateAddresses: runtime.webhookAllowPrivate)
    let backend = WebhookBackend(configuration: webhooks, logger: logger)
    let tokens = try await TokenVerifier(configuration.listener.tokens)

    let bell = OutboxBell(bus: bus)
    let registry = StreamRegistry()
    let signals = NodeSignals(node: node, bus: bus, registry: registry, observer: reporter)
    let sessionTypes = SessionTypeRepository(client: database)
    let sessions = SessionRepository(client: database)
    let editor = AnnouncingSessionEditor(SessionEditRepository(client: database), bell: bell)
    let leases = AnnouncingStreamLeaseStore(StreamLeaseRepository(client: database), bell: bell)
    let stopMessage = StopMessage(
        node: node,
        leases: leases,
        directory: StreamDirectoryRepository(client: database),
        registry: registry,
        signals: signals
    )
    let messages = AnnouncingMessageStore(MessageRepository(client: database), bell: bell)
    let sendMulti = SendMulti(
        sessions: sessions,
        sessionTypes: sessionTypes,
        exchanges: MessageRepository(client: database),
        leases: leases,
        streams: StreamServices(
            node: node,
            backend: backend,
            messages: messages,
            registry: registry,
            observer: reporter
        ),
        bell: bell
    )
    let keeper = NodeKeeper(
        node: node,
        leases: leases,
        registry: registry,
        observer: reporter,
        leaseSeconds: configuration.nodeLeaseSeconds
    )
    let exporting = ExportingServices(
        configuration: configuration.exports,
        tokenSecret: configuration.listener.tokens.secret,
        publicBaseURL: configuration.listener.publicBaseURL,
        transcripts: TranscriptRepository(client: database)
    )
    let services = RESTServices(
        sessionTypes: sessionTypes,
        checkSessionType: CheckSessionType(sessionTypes: sessionTypes, backend: backend),
        sessions: sessions,
        messages: messages,
        createSession: CreateSession(sessionTypes: sessionTypes, sessions: sessions, backend: backend),
        stopMessage: stopMessage,
        sendMulti: sendMulti,
        editing: EditingServices(
            editor: editor,
            tree: MessageTreeRepository(client: database),
            reactions: ReactionRepository(client: database),
            deleteSession: DeleteSession(editor: editor, stopMessage: stopMessage),
            switchType: SwitchSessionType(
                sessionTypes: sessionTypes,
                sessions: sessions,
                editor: editor,
                backend: backend
            )
        ),
        search: SearchRepository(client: database),
        exporting: exporting,
        shares: ShareRepository(client: database),
        keptAnswers: KeptAnswerRepository(client: database),
        followEvents: FollowEvents(
            events: EventRepository(client: database),
            bus: bus,
            maximumWaits: configuration.maximumEventWaits
        ),
        drain: drain,
        verify: { try await tokens.verify($0) },
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
            NodeService(
                signals: signals,
                keeper: keeper,
                drainStreams: DrainStreams(registry: registry),
                drainSeconds: runtime.drainSeconds
            ),
            RESTServer(services, settings: RESTSettings(configuration)),
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
