import Foundation
import TestSupport

/// Breaks a cluster at random, mends it, and measures how long it takes to serve again.
///
/// Every kind of fault comes once before any comes again; now and then two come at the same time.
struct Nemesis {
    /// Something that is broken, and how it is mended.
    struct Injury: Sendable {
        let target: Fault.Target
        let text: String
        /// Waits for no node to be ready: another injury may be what holds it up.
        let heal: @Sendable () async throws -> Void
    }

    private let cluster: TestCluster
    private let wiring: Wiring
    private let probe: ClusterProbe
    private let history: History
    private var random: SeededGenerator
    private var bag: [Fault] = []
    private let start = ContinuousClock.now

    init(cluster: TestCluster, wiring: Wiring, probe: ClusterProbe, history: History, seed: UInt64) {
        self.cluster = cluster
        self.wiring = wiring
        self.probe = probe
        self.history = history
        random = SeededGenerator(seed: seed)
    }

    /// Goes on until the deadline; everything is mended then.
    mutating func run(until deadline: ContinuousClock.Instant) async throws {
        while ContinuousClock.now < deadline {
            try await pause(500...3000)
            let first = draw { _ in true }
            let isDouble = Int.random(in: 0..<5, using: &random) == 0
            var injuries = [try await inflict(first)]
            try await pause(holdMilliseconds(first))
            if isDouble {
                let second = draw { $0.target != first.target }
                injuries.append(try await inflict(second))
                try await pause(holdMilliseconds(second))
            }
            let healing = ContinuousClock.now
            // A node may need its services to come to an end.
            for injury in injuries where injury.target != .node { try await injury.heal() }
            for injury in injuries where injury.target == .node { try await injury.heal() }
            await reviveTheDead()
            try await probe.untilHealthy()
            let recovery = ContinuousClock.now - healing
            history.add(FaultRecord(kind: isDouble ? "two at once" : first.rawValue, recovery: recovery))
            let text = injuries.map(\.text).joined(separator: "; ")
            say("\(seconds(ContinuousClock.now - start)) s: \(text): serves after \(seconds(recovery)) s")
        }
    }

    /// The last of the bag that fits.
    private mutating func draw(where isWanted: (Fault) -> Bool) -> Fault {
        if !bag.contains(where: isWanted) { bag = Fault.allCases.shuffled(using: &random) + bag }
        return bag.lastIndex(where: isWanted).map { bag.remove(at: $0) } ?? .reset
    }

    /// The pace of the faults, which decides nothing: that a cluster serves again is asked of it.
    private mutating func pause(_ milliseconds: ClosedRange<Int64>) async throws {
        try await Task.sleep(for: .milliseconds(Int64.random(in: milliseconds, using: &random)))
    }

    /// Now and then for longer than a lease lasts.
    private mutating func holdMilliseconds(_ fault: Fault) -> ClosedRange<Int64> {
        switch fault {
        case .flushRedis, .killSubscribers, .reset: 0...500
        case .killNode, .freezeNode, .blackHole:
            Int.random(in: 0..<3, using: &random) == 0 ? 12_000...18_000 : 0...4000
        default: 500...6000
        }
    }

    private mutating func inflict(_ fault: Fault) async throws -> Injury {
        // Gateways have the most to lose.
        let node = (cluster.nodes + cluster.gateways).randomElement(using: &random) ?? cluster.gateways[0]
        switch fault.target {
        case .node: return try await inflict(fault, on: node)
        case .postgres, .redis: return try await inflictOnServices(fault)
        case .lines: return inflictOnLines(fault, of: node)
        }
    }

    private func inflict(_ fault: Fault, on node: ClusterProcess) async throws -> Injury {
        switch fault {
        case .killNode:
            await node.kill()
            return Injury(target: fault.target, text: "kill -9 \(node.name)") {
                if !node.isRunning { try await node.launchOnly() }
            }
        case .freezeNode:
            node.pause()
            return Injury(target: fault.target, text: "SIGSTOP \(node.name)") { node.resume() }
        default:
            node.askToTerminate()
            return Injury(target: fault.target, text: "restart \(node.name)") { [history] in
                if let status = await node.untilExit(), !status.isSuccess {
                    history.violation("\(node.name) ended with \(status) after SIGTERM")
                }
                if !node.isRunning { try await node.launchOnly() }
            }
        }
    }

    private func inflictOnServices(_ fault: Fault) async throws -> Injury {
        let (postgres, redis) = (cluster.database.server, cluster.redis)
        switch fault {
        case .restartPostgres:
            try await postgres.stop()
            return Injury(target: fault.target, text: fault.rawValue) { try await postgres.start() }
        case .crashPostgres:
            try await postgres.crash()
            return Injury(target: fault.target, text: fault.rawValue) { try await postgres.start() }
        case .killRedis:
            await redis.stop()
            return Injury(target: fault.target, text: fault.rawValue) { try await redis.start() }
        case .freezeRedis:
            redis.pause()
            return Injury(target: fault.target, text: fault.rawValue) { redis.resume() }
        case .flushRedis:
            // Redis may be gone by another fault.
            _ = try? await redis.command("FLUSHALL")
        default:
            _ = try? await redis.clientKill()
        }
        return Injury(target: fault.target, text: fault.rawValue) {}
    }

    private mutating func inflictOnLines(_ fault: Fault, of node: ClusterProcess) -> Injury {
        guard let lines = wiring.lines[node.name] else { return Injury(target: fault.target, text: "nothing") {} }
        // Both services, or one of them.
        let hit = [lines.all, [lines.postgres], [lines.redis]].randomElement(using: &random) ?? lines.all
        let name = node.name
        switch fault {
        case .delay:
            let milliseconds = Int64.random(in: 20...400, using: &random)
            for proxy in hit { proxy.set(.delay(milliseconds: milliseconds)) }
            return Injury(target: fault.target, text: "\(milliseconds) ms more for \(name)") {
                for proxy in hit { proxy.set(.open) }
            }
        case .blackHole:
            let areReset = Bool.random(using: &random)
            for proxy in hit { proxy.set(.blackHole) }
            return Injury(target: fault.target, text: "\(name) is cut off from \(hit.count) services") {
                if areReset { for proxy in hit { proxy.reset() } }
                for proxy in hit { proxy.set(.open) }
            }
        case .reset:
            for proxy in hit { proxy.reset() }
            return Injury(target: fault.target, text: "connections of \(name) are reset") {}
        case .refuse:
            for proxy in hit {
                proxy.set(.refuse)
                proxy.reset()
            }
            return Injury(target: fault.target, text: "\(name) is refused by \(hit.count) services") {
                for proxy in hit { proxy.set(.open) }
            }
        default:
            let onlyCommits = fault == .loseCommits
            lines.postgres.set(.loseReplies(every: onlyCommits ? 3 : 10, onlyCommits: onlyCommits))
            return Injury(target: fault.target, text: "\(fault.rawValue), of \(name)") { lines.postgres.set(.open) }
        }
    }

    /// A node that has ended of itself has crashed.
    private func reviveTheDead() async {
        for node in cluster.nodes where !node.isRunning {
            history.violation("\(node.name) has ended: \(node.logTail)")
            try? await node.launchOnly()
        }
    }

    private func seconds(_ duration: Duration) -> String { FaultTable.seconds(duration) }
}
