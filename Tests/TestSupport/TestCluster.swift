public import ChatCore
import Foundation

/// The engine as it really runs: its executables as processes, on a PostgreSQL and a Redis, with the example backend and,
/// when asked for, HAProxy in front.
///
/// Everything listens on free loopback ports and ends with the test process.
public final class TestCluster: Sendable {
    /// What a cluster consists of.
    public struct Shape: Sendable {
        public var apis = 2
        public var gateways = 2
        public var buses = 1
        public var hasLoadBalancer = false
        /// A PostgreSQL of its own, for tests that stop it.
        public var ownsPostgres = false
        /// Settings of every node, over those of the cluster.
        public var environment: [String: String] = [:]
        /// Where nodes reach the services when that is not where those listen, by the node's name.
        public var detours: [String: Detour] = [:]

        public init() {}

        public init(
            apis: Int = 2,
            gateways: Int = 2,
            buses: Int = 1,
            hasLoadBalancer: Bool = false,
            ownsPostgres: Bool = false,
            environment: [String: String] = [:]
        ) {
            self.apis = apis
            self.gateways = gateways
            self.buses = buses
            self.hasLoadBalancer = hasLoadBalancer
            self.ownsPostgres = ownsPostgres
            self.environment = environment
        }
    }

    /// Ports of proxies that stand between one node and its services.
    public struct Detour: Sendable {
        public var postgresPort: Int
        public var redisPort: Int

        public init(postgresPort: Int, redisPort: Int) {
            self.postgresPort = postgresPort
            self.redisPort = redisPort
        }
    }

    public let apis: [ClusterProcess]
    public let gateways: [ClusterProcess]
    public let buses: [ClusterProcess]
    public let backend: ClusterProcess
    public let loadBalancer: ClusterProcess?
    public let database: TestDatabase
    public let redis: RedisServer
    private let ownsPostgres: Bool
    /// The session type whose backend is ``backend``.
    public let sessionTypeID = UUID().uuidString.lowercased()
    private let administration: [String: String]

    private init(plan: ClusterPlan, database: TestDatabase, redis: RedisServer, ownsPostgres: Bool) {
        self.apis = plan.apis
        self.gateways = plan.gateways
        self.buses = plan.buses
        self.backend = plan.backend
        self.loadBalancer = plan.loadBalancer
        self.database = database
        self.redis = redis
        self.ownsPostgres = ownsPostgres
        self.administration = plan.environment
    }

    /// Starts a cluster and returns when every node is ready and the session type is registered.
    public static func start(_ shape: Shape = Shape()) async throws -> TestCluster {
        let cluster = try await prepare(shape)
        try await cluster.migrate()
        try await cluster.startProcesses()
        try await cluster.registerSessionType()
        return cluster
    }

    /// PostgreSQL with an empty database, Redis, and no process yet.
    public static func prepare(_ shape: Shape = Shape()) async throws -> TestCluster {
        async let redis = RedisServer.start()
        let postgres = shape.ownsPostgres ? try await PostgresServer.start() : try await PostgresServer.shared()
        let database = try await postgres.makeDatabase()
        let plan = try ClusterPlan(shape, database: database, redis: try await redis)
        let cluster = TestCluster(
            plan: plan,
            database: database,
            redis: try await redis,
            ownsPostgres: shape.ownsPostgres
        )
        return cluster
    }

    /// Brings the schema up to date.
    public func migrate() async throws {
        let result = try await administer(["migrate"])
        guard result.status.isSuccess else { throw TestSupportError("migrate failed: \(result)") }
    }

    public var nodes: [ClusterProcess] { apis + gateways + buses }

    public var processes: [ClusterProcess] { nodes + [backend] + (loadBalancer.map { [$0] } ?? []) }

    /// Starts what does not run, the load balancer last, and returns when all are ready.
    public func startProcesses() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in nodes + [backend] where !process.isRunning {
                group.addTask { try await process.start() }
            }
            try await group.waitForAll()
        }
        guard let loadBalancer, !loadBalancer.isRunning else { return }
        try await loadBalancer.start()
        for path in ["/api/v1/sessions", "/ws"] {
            try await eventually("the load balancer has a node for \(path)") {
                try await self.publicAPI().get(path).status == 503 ? nil : true
            }
        }
    }

    /// Ends every process, as an operator would.
    public func stopProcesses() async {
        await withTaskGroup(of: Void.self) { group in
            for process in processes {
                group.addTask { await process.terminate() }
            }
        }
    }

    /// Ends everything this cluster started; nothing can be started again.
    public func discard() async throws {
        await withTaskGroup(of: Void.self) { group in
            for process in processes {
                group.addTask { await process.kill() }
            }
        }
        await redis.stop()
        if ownsPostgres { try await database.server.stop() }
    }

    /// Starts one more example backend, whose statistics are the caller's alone.
    public func startBackend() async throws -> ClusterProcess {
        let backend = try ClusterPlan.backend()
        try await backend.start()
        return backend
    }

    /// Starts one more gateway, with some settings of its own.
    public func startGateway(_ name: String, environment: [String: String]) async throws -> ClusterProcess {
        let gateway = try ClusterPlan.gateway(
            name,
            environment: administration.merging(environment) { _, given in given }
        )
        try await gateway.start()
        return gateway
    }

    /// Registers the example backend as ``sessionTypeID``, over REST.
    public func registerSessionType() async throws {
        try await addSessionType(["session_type_id": .string(sessionTypeID), "webhook_url": .string(backendURL)])
    }

    /// Adds a session type over REST, as an administrator, and returns its id.
    @discardableResult
    public func addSessionType(_ fields: JSONObject) async throws -> String {
        var fields = fields
        if fields["name"] == nil { fields["name"] = "test" }
        let token = try await Tokens.sign(client: "administrator", isAdministrator: true)
        let answer = try await api(token: token).post("/api/v1/session-types", .object(fields))
        guard answer.status == 201, let id = answer["session_type_id"]?.stringValue else {
            throw TestSupportError("the session type was not added: \(answer); \(logTails)")
        }
        return id
    }

    public var backendURL: String { Self.url(of: backend) }

    public static func url(of backend: ClusterProcess) -> String { "http://127.0.0.1:\(backend.port)/" }

    /// The statistics of an example backend.
    public static func statistics(of backend: ClusterProcess) async throws -> JSONValue {
        try await APIClient(baseURL: url(of: backend)).get("stats").body
    }

    /// A REST node, by its place.
    public func api(_ index: Int = 0, token: String? = nil) -> APIClient {
        APIClient(baseURL: "http://127.0.0.1:\(apis[index].port)", token: token)
    }

    /// REST through the load balancer.
    public func publicAPI(token: String? = nil) -> APIClient {
        APIClient(baseURL: "http://127.0.0.1:\(loadBalancer?.port ?? apis[0].port)", token: token)
    }

    /// The ends of all logs, for the message of a failure.
    public var logTails: String {
        processes.map(\.logTail).joined(separator: "\n\n")
    }

    /// Runs an administrative command of `chat-engine-api` with this cluster's settings.
    public func administer(_ arguments: [String]) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
            try BuiltProducts.path(of: "chat-engine-api"),
            arguments,
            environment: administration
        )
    }
}
