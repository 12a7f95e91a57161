import Foundation
import Synchronization

/// One process of a test cluster; it can be ended and started again on the same ports.
public final class ClusterProcess: Sendable {
    struct Launch: Sendable {
        var executable: String
        var arguments: [String] = []
        var environment: [String: String] = [:]
        /// What answers 200 once the process can serve.
        var readinessURL: String
    }

    /// Like `gateway-1`; also its `NODE_ID`.
    public let name: String
    /// The public port; the administration port of a node without one.
    public let port: Int
    /// Where `/healthz`, `/readyz` and `/metrics` are; the public port of a process without them.
    public let adminPort: Int
    private let launch: Launch
    private let logPath: String
    private let child = Mutex<ChildProcess?>(nil)

    init(name: String, port: Int, adminPort: Int, logPath: String, launch: Launch) {
        self.name = name
        self.port = port
        self.adminPort = adminPort
        self.logPath = logPath
        self.launch = launch
    }

    public var isRunning: Bool { child.withLock { $0?.isRunning ?? false } }

    /// Starts the process and returns when it is ready.
    public func start() async throws {
        try await launchOnly()
        try await untilReady()
    }

    /// Starts the process and does not wait for anything.
    public func launchOnly() async throws {
        let process = try await ChildProcess.start(
            launch.executable,
            launch.arguments,
            environment: launch.environment,
            logPath: logPath
        )
        child.withLock { $0 = process }
    }

    /// Runs the process to its end beside a running one, with some settings changed, and returns what it said.
    public func runToEnd(environment: [String: String] = [:]) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
            launch.executable,
            launch.arguments,
            environment: launch.environment.merging(environment) { _, given in given }
        )
    }

    /// - Throws: ``TestSupportError`` with the end of its log when it is not ready in time, or has ended.
    public func untilReady(within timeout: Duration = .seconds(60)) async throws {
        let endpoint = APIClient(baseURL: launch.readinessURL)
        let deadline = ContinuousClock.now + timeout
        var last = "no answer"
        while ContinuousClock.now < deadline {
            guard isRunning else { throw TestSupportError("\(name) has ended: \(logTail)") }
            do {
                let answer = try await endpoint.get("")
                if answer.status == 200 { return }
                last = answer.description
            } catch {
                last = "\(error)"
            }
            // The process tells nobody but those who ask that it is ready.
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TestSupportError("\(name) is not ready within \(timeout), its last word: \(last); \(logTail)")
    }

    /// Asks its administration port, like `/readyz`.
    public func ask(_ path: String) async throws -> APIClient.Answer {
        try await APIClient(baseURL: "http://127.0.0.1:\(adminPort)").get(path)
    }

    /// A metric without labels; 0 when nothing was counted yet.
    public func metric(_ name: String) async throws -> Double {
        let text = String(decoding: try await ask("/metrics").bytes, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        guard let number = line?.split(separator: " ").last else { return 0 }
        guard let value = Double(number) else { throw TestSupportError("no number: \(number)") }
        return value
    }

    /// SIGKILL, as a crash.
    public func kill() async {
        _ = await end(SIGKILL)
    }

    /// SIGTERM; returns how the process ended, `nil` when it did not run.
    @discardableResult
    public func terminate() async -> ChildProcess.ExitStatus? {
        await end(SIGTERM)
    }

    /// Sends SIGTERM and does not wait; ``untilExit()`` does.
    public func askToTerminate() {
        child.withLock { $0 }?.signal(SIGTERM)
    }

    public func untilExit() async -> ChildProcess.ExitStatus? {
        await child.withLock { $0 }?.waitUntilExit()
    }

    /// Stops the process from doing anything, without an end: SIGSTOP.
    public func pause() {
        child.withLock { $0 }?.signal(SIGSTOP)
    }

    public func resume() {
        child.withLock { $0 }?.signal(SIGCONT)
    }

    /// All it has logged.
    public var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// The last lines of its log.
    public var logTail: String {
        "log of \(name):\n" + log.split(separator: "\n").suffix(20).joined(separator: "\n")
    }

    private func end(_ signal: Int32) async -> ChildProcess.ExitStatus? {
        guard let process = child.withLock({ $0 }), process.isRunning else { return nil }
        return await process.stop(signal: signal)
    }
}
