import ChatCore
import TestSupport

/// One run: a cluster of its own, clients that use it, faults, and the checks at the end.
struct ChaosRun {
    struct Settings: Sendable {
        var duration: Duration
        var seed: UInt64
        var clients = 6
    }

    private static let nodes = ["api-1", "api-2", "gateway-1", "gateway-2", "bus-1", "bus-2"]
    /// How long a cluster that is whole again takes to finish what was begun.
    private static let settlingTime: Duration = .seconds(45)

    let settings: Settings
    let history = History()

    /// - Returns: what was wrong, in words; empty when nothing was.
    /// - Throws: when the cluster could not be started, or did not serve again after a fault.
    func run(whenWrong: (TestCluster) -> Void) async throws -> [String] {
        var random = SeededGenerator(seed: settings.seed)
        let wiring = try await Wiring.start(nodes: Self.nodes)
        let cluster = try await start(wiring)
        let probe = try await ClusterProbe(cluster)
        var clients: [ChaosClient] = []
        for number in 1...settings.clients {
            clients.append(
                try await ChaosClient(number: number, of: cluster, history: history, seed: random.next())
            )
        }
        let nemesis = Nemesis(
            cluster: cluster,
            wiring: wiring,
            probe: probe,
            history: history,
            seed: random.next()
        )
        do {
            try await run(clients, nemesis)
            try await settle(cluster)
            for client in clients { try await catchUp(client) }
            let violations = Checks.violations(in: history.current, try await snapshot(of: cluster, clients))
            if !violations.isEmpty { whenWrong(cluster) }
            try await cluster.discard()
            return violations
        } catch {
            whenWrong(cluster)
            try? await cluster.discard()
            throw error
        }
    }

    private func start(_ wiring: Wiring) async throws -> TestCluster {
        var shape = TestCluster.Shape(buses: 2, hasLoadBalancer: true, ownsPostgres: true)
        shape.detours = wiring.detours
        let cluster = try await TestCluster.prepare(shape)
        wiring.aim(at: cluster)
        try await cluster.migrate()
        try await cluster.startProcesses()
        try await cluster.registerSessionType()
        return cluster
    }

    private func run(_ clients: [ChaosClient], _ nemesis: Nemesis) async throws {
        let isOver = Watched(false)
        let deadline = ContinuousClock.now + settings.duration
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients {
                group.addTask {
                    var client = client
                    await client.run(until: isOver)
                }
                group.addTask { await client.follower.run(until: isOver) }
            }
            group.addTask {
                defer { isOver.update { $0 = true } }
                var nemesis = nemesis
                try await nemesis.run(until: deadline)
            }
            try await group.waitForAll()
        }
    }

    /// Waits until nothing is going on any more; what does not end is found by the checks.
    private func settle(_ cluster: TestCluster) async throws {
        let counts = DatabaseSnapshot.leftoverQueries.map { "(SELECT count(*) FROM \($0.1))" }
        _ = try? await eventually("nothing is going on", within: Self.settlingTime) {
            let count = try await cluster.database.query("SELECT \(counts.joined(separator: " + "))")
            return count == "0" ? true : nil
        }
    }

    private func catchUp(_ client: ChaosClient) async throws {
        let id = client.client.id
        let last = try await client.client.cluster.database.query(
            "SELECT coalesce((SELECT last_seq FROM event_counters WHERE client_id = '\(id)'), 0)"
        )
        await client.follower.catchUp(to: Int64(last) ?? 0, within: .seconds(30))
        history.add(await client.follower.view)
        for device in client.devices {
            await device.catchUp(to: Int64(last) ?? 0, within: .seconds(30))
            await device.leave()
            history.add(await device.view)
        }
    }

    private func snapshot(of cluster: TestCluster, _ clients: [ChaosClient]) async throws -> DatabaseSnapshot {
        var snapshot = try await DatabaseSnapshot.read(cluster.database)
        for share in history.current.operations where share.kind == .share {
            guard let token = share.value else { continue }
            let answer = try await cluster.api().get("/api/v1/share/\(token)")
            if answer.status == 200 { snapshot.openShares.insert(token) }
        }
        return snapshot
    }
}
