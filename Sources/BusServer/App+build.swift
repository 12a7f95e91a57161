import ChatBackends
import ChatBus
import ChatCore
import ChatRelay
import ChatRuntime
import ChatStorage
import Logging

/// Joins the rooms to a bus node; nothing runs before ``ServerProcess/run()``.
func buildBus(_ configuration: BusConfiguration) async throws -> ServerProcess {
    let runtime = configuration.runtime
    let metrics = Bootstrap.start(runtime.logging, nodeName: runtime.nodeName)
    let logger = Logger(label: "chat-engine-bus")
    let drain = DrainState()
    let readiness = ReadinessRegistry(drain: drain)

    let database = PostgresClient(
        configuration: PostgresConfiguration(
            connectionString: runtime.database.url,
            poolSize: runtime.database.poolSize,
            statementTimeoutMilliseconds: runtime.database.statementTimeoutMilliseconds,
            applicationName: "chat-engine-bus"
        ),
        logger: logger
    )
    let bus = RedisBus(configuration: try RedisConfiguration(url: runtime.redisURL), logger: logger)
    let webhooks = WebhookConfiguration(allowsPrivateAddresses: runtime.webhookAllowPrivate)
    let backend = WebhookBackend(configuration: webhooks, logger: logger)
    let deliveries = WebhookOutboxRepository(client: database)
    let leases = AnnouncingStreamLeaseStore(StreamLeaseRepository(client: database), bell: OutboxBell(bus: bus))
    let migrator = SchemaMigrator(client: database)
    let gate = StartGate(database: migrator, logger: logger)
    readiness.register(database: migrator, gate: gate)
    readiness.register(bus: bus)
    return ServerProcess(
        services: [
            AdminServer(runtime, readiness: readiness, metrics: metrics, logger: logger),
            database,
            bus,
            gate,
            GatedService(
                EventLogKeeper(
                    log: EventPartitions(client: database),
                    records: ExpiredRecords(client: database),
                    logger: logger
                ),
                behind: gate
            ),
            GatedService(OrphanReaper(leases: leases, database: migrator, logger: logger), behind: gate),
            GatedService(
                EventRelay(outbox: EventOutboxRepository(client: database), bus: bus, logger: logger),
                behind: gate
            ),
            GatedService(
                WebhookRelay(
                    outbox: deliveries,
                    backend: backend,
                    drainSeconds: runtime.drainSeconds,
                    logger: logger
                ),
                behind: gate
            ),
            GatedService(OutboxMeter(gauge: deliveries, logger: logger), behind: gate),
        ],
        drain: drain,
        drainSeconds: runtime.drainSeconds,
        logger: logger,
        cleanUp: { try? await backend.shutdown() }
    )
}
