import Foundation
import Synchronization

/// A process that a test starts and that cannot outlive the test process.
///
/// It is started under `setpriv --pdeathsig KILL`, so the kernel ends it when the test process is killed, and it is
/// killed at a regular exit.
public final class ChildProcess: Sendable {
    private struct State {
        var exitStatus: ExitStatus?
        var waiters: [CheckedContinuation<ExitStatus, Never>] = []
    }

    /// How a process ended.
    public struct ExitStatus: Hashable, Sendable {
        /// The exit code, or the signal's number when `isSignal` is set.
        public var code: Int32
        public var isSignal: Bool

        public var isSuccess: Bool { code == 0 && !isSignal }
    }

    public let processID: Int32
    private let state: Mutex<State>

    private init(processID: Int32) {
        self.processID = processID
        self.state = Mutex(State())
    }

    /// Starts `executable` (a path, or a name found in `PATH`).
    ///
    /// - Parameters:
    ///   - environment: added to this process's own environment.
    ///   - user: the user to run as, with their group; this process's own when nil.
    ///   - directory: the working directory; this process's own when nil.
    ///   - logPath: the file that standard output and error are appended to; discarded when nil.
    /// - Throws: when `setpriv` cannot be started. A missing `executable` shows as exit code 127.
    public static func start(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        user: String? = nil,
        directory: String? = nil,
        logPath: String? = nil
    ) async throws -> ChildProcess {
        let output: FileHandle
        if let logPath {
            let descriptor = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw TestSupportError("cannot open \(logPath): \(String(cString: strerror(errno)))")
            }
            output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        } else {
            output = .nullDevice
        }
        return try await SpawnThread.shared.run {
            try spawn(
                Launch(
                    executable: executable,
                    arguments: arguments,
                    environment: environment,
                    user: user,
                    directory: directory
                ),
                standardOutput: output,
                standardError: output
            )
        }
    }

    public var isRunning: Bool {
        state.withLock { $0.exitStatus == nil }
    }

    /// Sends a signal; nothing happens when the process has ended.
    public func signal(_ number: Int32) {
        state.withLock { state in
            if state.exitStatus == nil { _ = kill(processID, number) }
        }
    }

    /// Returns when the process has ended.
    public func waitUntilExit() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state in
                if state.exitStatus == nil { state.waiters.append(continuation) }
                return state.exitStatus
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Sends `number` (SIGTERM unless told) and returns when the process has ended.
    @discardableResult
    public func stop(signal number: Int32? = nil) async -> ExitStatus {
        signal(number ?? SIGTERM)
        return await waitUntilExit()
    }

    struct Launch: Sendable {
        var executable: String
        var arguments: [String]
        var environment: [String: String]
        var user: String?
        var directory: String?

        /// A credential change would clear the parent death signal; `setpriv` sets it after the change.
        var commandLine: [String] {
            var line = ["setpriv", "--pdeathsig", "KILL"]
            if let user { line += ["--reuid", user, "--regid", user, "--clear-groups"] }
            return line + ["--", executable] + arguments
        }
    }

    /// Must run on ``SpawnThread``.
    static func spawn(_ launch: Launch, standardOutput: Any, standardError: Any) throws -> ChildProcess {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = launch.commandLine
        process.environment = ProcessInfo.processInfo.environment.merging(launch.environment) { _, added in added }
        if let directory = launch.directory {
            process.currentDirectoryURL = URL(fileURLWithPath: directory)
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = standardOutput
        process.standardError = standardError
        let (exits, exit) = AsyncStream.makeStream(of: ExitStatus.self)
        process.terminationHandler = { process in
            ExitCleanup.remove(processID: process.processIdentifier)
            exit.yield(
                ExitStatus(code: process.terminationStatus, isSignal: process.terminationReason == .uncaughtSignal)
            )
            exit.finish()
        }
        try process.run()
        let child = ChildProcess(processID: process.processIdentifier)
        ExitCleanup.add(processID: child.processID)
        if !process.isRunning { ExitCleanup.remove(processID: child.processID) }
        Task {
            for await status in exits { child.ended(status) }
        }
        return child
    }

    private func ended(_ status: ExitStatus) {
        let waiters = state.withLock { state in
            state.exitStatus = status
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.resume(returning: status)
        }
    }
}
