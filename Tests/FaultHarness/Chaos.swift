import ArgumentParser
import Foundation
import TestSupport

/// Breaks a cluster while clients use it, and checks that nothing was lost, doubled or told wrongly.
@main
struct Chaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault-harness",
        abstract: "Runs a cluster under faults, and checks what its clients saw against its database."
    )

    @Option(help: "How long faults go on, in minutes.")
    var minutes = 3.0

    @Option(help: "Repeats the choices of an earlier run; also CHAOS_SEED.")
    var seed: UInt64?

    @Option(help: "How many clients there are, with two devices each.")
    var clients = 6

    @Option(help: "A directory that gets the logs of all processes when something is wrong.")
    var logs: String?

    func validate() throws {
        guard minutes > 0, minutes <= 10_000 else { throw ValidationError("--minutes is 0 to 10000") }
        guard (1...200).contains(clients) else { throw ValidationError("--clients is 1 to 200") }
    }

    func run() async throws {
        let given = ProcessInfo.processInfo.environment["CHAOS_SEED"].flatMap { UInt64($0) }
        let seed = seed ?? given ?? UInt64.random(in: 1...UInt64(UInt32.max))
        say("chaos: CHAOS_SEED=\(seed), \(minutes) minutes, \(clients) clients")
        let settings = ChaosRun.Settings(duration: .seconds(minutes * 60), seed: seed, clients: clients)
        let run = ChaosRun(settings: settings)
        var failure: (any Error)?
        var violations: [String] = []
        do {
            violations = try await run.run(whenWrong: save)
        } catch {
            failure = error
        }
        print("\n" + FaultTable(history: run.history.current).text + "\n")
        for violation in violations.prefix(100) { print("WRONG \(violation)") }
        if let failure { print("WRONG \(failure)") }
        guard violations.isEmpty, failure == nil else {
            print("chaos: \(violations.count) things are wrong; CHAOS_SEED=\(seed) makes the same choices again")
            throw ExitCode.failure
        }
        print("chaos: everything holds; CHAOS_SEED=\(seed)")
    }

    private func save(_ cluster: TestCluster) {
        guard let logs else {
            print(cluster.logTails)
            return
        }
        try? FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
        for process in cluster.processes {
            try? process.log.write(toFile: "\(logs)/\(process.name).log", atomically: true, encoding: .utf8)
        }
        let postgres = cluster.database.server.log
        try? postgres.write(toFile: "\(logs)/postgres.log", atomically: true, encoding: .utf8)
    }
}
