import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import ChatRuntime

@Suite("The end of a process")
struct ProcessRunnerTests {
    @Test("the first signal drains, any after it ends at once with its code")
    func signals() {
        var signals = ShutdownSignals()
        #expect(signals.received(SIGTERM) == .drain)
        #expect(signals.received(SIGTERM) == .exit(code: 143))
        #expect(signals.received(SIGINT) == .exit(code: 130))
    }

    @Test("SIGTERM drains, shuts the services down and ends well")
    func orderlyEnd() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let drain = DrainState()
            let service = SignallingService(signal: SIGTERM, onDrain: {})
            try await ProcessRunner.run(
                [service],
                drain: drain,
                drainSeconds: 0,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            exit(drain.phase == .drained ? 7 : 8)
        }
    }

    @Test("a second signal ends a process that does not get on with it")
    func secondSignal() async {
        await #expect(processExitsWith: .exitCode(130)) {
            let service = SignallingService(signal: SIGINT, onDrain: { kill(getpid(), SIGINT) })
            try await ProcessRunner.run(
                [service],
                drain: DrainState(),
                drainSeconds: 3600,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            exit(8)
        }
    }

    @Test("a failure is one line on standard error and exit code 1")
    func failure() async throws {
        let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
            ProcessRunner.fail(ConfigurationProblems(["PORT is wrong", "HOST is\nmissing"]))
        }
        let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix(": PORT is wrong") == true)
        #expect(lines.last?.hasSuffix(": HOST is missing") == true)
    }
}

/// Sends its own process a signal once it runs; `onDrain` that waits for ever keeps the process from ending.
private struct SignallingService: Service {
    let signal: Int32
    let onDrain: @Sendable () async -> Void

    func run() async throws {
        try await withGracefulShutdownHandler {
            kill(getpid(), signal)
            try await gracefulShutdown()
            await onDrain()
        } onGracefulShutdown: {
        }
        if signal == SIGINT { await DrainState().waitUntilDraining() }
    }
}
