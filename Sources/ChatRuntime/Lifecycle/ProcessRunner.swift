internal import FoundationEssentials
public import Logging
public import ServiceLifecycle

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Runs the services of a process from start to exit (`contract/runtime.md`, 'Life cycle').
public enum ProcessRunner {
    /// Room beyond `DRAIN_SECONDS` for closing connections and saying goodbye.
    static let shutdownMarginSeconds = 15

    /// Runs the services until SIGTERM or SIGINT, then shuts them down one after the other, last first.
    ///
    /// The first signal begins the drain before any service hears of it; a second one ends the process at once.
    ///
    /// - Parameter services: dependencies first, servers last; the administration listener before them all.
    /// - Throws: what a service threw, after the others have ended.
    public static func run(
        _ services: [any Service],
        drain: DrainState,
        drainSeconds: Int,
        logger: Logger
    ) async throws {
        var configuration = ServiceGroupConfiguration(services: services, logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(drainSeconds + shutdownMarginSeconds)
        let group = ServiceGroup(configuration: configuration)
        let watch = await SignalWatch()
        defer { withExtendedLifetime(watch) {} }
        let firstSignal = watch.firstSignal
        try await withThrowingTaskGroup { tasks in
            tasks.addTask {
                for await signal in firstSignal {
                    drain.beginDraining()
                    logger.notice("Draining", metadata: .keys([.signal: "\(signal)"]))
                    await group.triggerGracefulShutdown()
                }
            }
            defer { tasks.cancelAll() }
            try await group.run()
        }
        drain.finishDraining()
        logger.notice("Stopped")
    }

    /// Prints what is wrong on standard error, a line for each problem, and exits with 1.
    public static func fail(_ error: any Error) -> Never {
        if let problems = error as? ConfigurationProblems {
            fail(lines: problems.lines)
        }
        fail(lines: ["\(error)"])
    }

    /// Prints one line on standard error and exits with 1.
    public static func fail(_ message: String) -> Never {
        fail(lines: [message])
    }

    private static func fail(lines: [String]) -> Never {
        let name = ProcessInfo.processInfo.processName
        for line in lines {
            let single = line.split(whereSeparator: \.isNewline).joined(separator: " ")
            LogOutput.standardError.write(Array("\(name): \(single)\n".utf8))
        }
        exit(1)
    }
}
