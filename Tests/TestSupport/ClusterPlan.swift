import Foundation

/// The processes of a cluster with their ports and settings; nothing runs yet.
struct ClusterPlan {
    let apis: [ClusterProcess]
    let gateways: [ClusterProcess]
    let buses: [ClusterProcess]
    let backend: ClusterProcess
    let loadBalancer: ClusterProcess?
    let environment: [String: String]

    init(_ shape: TestCluster.Shape, database: TestDatabase, redis: RedisServer) throws {
        let logs = try TemporaryDirectory(prefix: "cluster")
        let publicPort = try FreePort.next()
        let environment = [
            "DATABASE_URL": database.connectionString,
            "DATABASE_POOL_SIZE": "4",
            "REDIS_URL": redis.url,
            "JWT_SECRET": Tokens.secret,
            "HOST": "127.0.0.1",
            "PUBLIC_BASE_URL": "http://127.0.0.1:\(publicPort)",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "LOG_FORMAT": "json",
            "DATA_DIR": logs.file("data"),
        ].merging(shape.environment) { _, given in given }

        func nodes(_ role: String, _ count: Int) throws -> [ClusterProcess] {
            try (1...max(count, 1)).prefix(count).map { number in
                let name = "\(role)-\(number)"
                var environment = environment
                if let detour = shape.detours[name] {
                    environment["DATABASE_URL"] = database.connectionString(port: detour.postgresPort)
                    environment["REDIS_URL"] = redis.url(port: detour.redisPort)
                }
                return try Self.node(name, role: role, environment: environment, logs: logs)
            }
        }
        self.environment = environment
        apis = try nodes("api", shape.apis)
        gateways = try nodes("gateway", shape.gateways)
        buses = try nodes("bus", shape.buses)
        backend = try Self.backend(logs: logs)
        loadBalancer =
            shape.hasLoadBalancer
            ? Self.loadBalancer(port: publicPort, apis: apis, gateways: gateways, logs: logs) : nil
    }

    private static func node(
        _ name: String,
        role: String,
        environment: [String: String],
        logs: TemporaryDirectory
    ) throws -> ClusterProcess {
        let port = try FreePort.next()
        let adminPort = try FreePort.next()
        let own = ["NODE_ID": name, "PORT": "\(port)", "ADMIN_PORT": "\(adminPort)"]
        return ClusterProcess(
            name: name,
            port: port,
            adminPort: adminPort,
            logPath: logs.file("\(name).log"),
            launch: ClusterProcess.Launch(
                executable: try BuiltProducts.path(of: "chat-engine-\(role)"),
                arguments: ["serve"],
                environment: environment.merging(own) { _, own in own },
                readinessURL: "http://127.0.0.1:\(adminPort)/readyz"
            )
        )
    }

    /// One more gateway, beside those of a plan.
    static func gateway(_ name: String, environment: [String: String]) throws -> ClusterProcess {
        try node(name, role: "gateway", environment: environment, logs: try TemporaryDirectory(prefix: name))
    }

    static func backend(logs: TemporaryDirectory? = nil) throws -> ClusterProcess {
        let logs = try logs ?? TemporaryDirectory(prefix: "backend")
        let port = try FreePort.next()
        return ClusterProcess(
            name: "backend",
            port: port,
            adminPort: port,
            logPath: logs.file("backend.log"),
            launch: ClusterProcess.Launch(
                executable: try BuiltProducts.path(of: "echo-backend"),
                arguments: ["--port", "\(port)"],
                readinessURL: "http://127.0.0.1:\(port)/stats"
            )
        )
    }

    /// The load balancer with the configuration the product ships.
    private static func loadBalancer(
        port: Int,
        apis: [ClusterProcess],
        gateways: [ClusterProcess],
        logs: TemporaryDirectory
    ) -> ClusterProcess {
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        var environment = ["HTTP_BIND": "127.0.0.1:\(port)"]
        for (role, nodes) in [("API", apis), ("GATEWAY", gateways)] {
            for (index, node) in nodes.enumerated() {
                environment["\(role)_\(index + 1)"] = "127.0.0.1:\(node.port)"
                environment["\(role)_\(index + 1)_ADMIN_PORT"] = "\(node.adminPort)"
            }
        }
        return ClusterProcess(
            name: "haproxy",
            port: port,
            adminPort: port,
            logPath: logs.file("haproxy.log"),
            launch: ClusterProcess.Launch(
                executable: "haproxy",
                arguments: ["-db", "-f", package.appendingPathComponent("deploy/haproxy/haproxy.cfg").path],
                environment: environment,
                readinessURL: "http://127.0.0.1:\(port)/load-balancer/healthz"
            )
        )
    }
}
