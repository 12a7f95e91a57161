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

        public init(code: Int32, isSignal: Bool) {
            self.code = code
            self.isSignal = isSignal
        }

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
        let output = try OutputFile.appending(to: logPath ?? "/dev/null")
        return try await SpawnThread.shared.run {
            try spawn(
                Launch(
                    executable: executable,
                    arguments: arguments,
                    environment: environment,
                    user: user,
                    directory: directory
                ),
                output: output,
                error: output
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

    /// Must run on ``SpawnThread``.
    ///
    /// Not by Foundation's `Process`, which reads beyond the end of a directory's entries and so may crash where the
    /// test process has more than a thousand open files.
    static func spawn(_ launch: Launch, output: OutputFile, error: OutputFile) throws -> ChildProcess {
        let child = ChildProcess(processID: try launch.spawn(output: output, error: error))
        ExitCleanup.add(processID: child.processID)
        Thread.detachNewThread { child.reap() }
        return child
    }

    /// Blocks until the process has ended.
    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        ExitCleanup.remove(processID: processID)
        // Once it is reaped, another process may get its identifier: nobody sends a signal in between.
        let (status, waiters) = state.withLock { state in
            var code: Int32 = 0
            while waitpid(processID, &code, 0) < 0 && errno == EINTR {}
            let status = ExitStatus(waitStatus: code)
            state.exitStatus = status
            defer { state.waiters = [] }
            return (status, state.waiters)
        }
        for waiter in waiters {
            waiter.resume(returning: status)
        }
    }
}

extension ChildProcess.ExitStatus {
    /// - Parameter waitStatus: what `waitpid` tells (`bits/waitstatus.h`).
    fileprivate init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self.init(code: signal == 0 ? waitStatus >> 8 & 0xFF : signal, isSignal: signal != 0)
    }
}
