import TestSupport

/// The proxies between each node and its services.
struct Wiring: Sendable {
    struct Lines: Sendable {
        let postgres: FaultProxy
        let redis: FaultProxy

        var all: [FaultProxy] { [postgres, redis] }
    }

    /// By the node's name.
    let lines: [String: Lines]

    static func start(nodes: [String]) async throws -> Wiring {
        var lines: [String: Lines] = [:]
        for node in nodes {
            lines[node] = Lines(postgres: try await .start(), redis: try await .start())
        }
        return Wiring(lines: lines)
    }

    var detours: [String: TestCluster.Detour] {
        lines.mapValues { TestCluster.Detour(postgresPort: $0.postgres.port, redisPort: $0.redis.port) }
    }

    func aim(at cluster: TestCluster) {
        for lines in lines.values {
            lines.postgres.aim(at: cluster.database.server.port)
            lines.redis.aim(at: cluster.redis.port)
        }
    }
}
