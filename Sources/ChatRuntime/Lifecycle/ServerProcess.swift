public import Logging
public import ServiceLifecycle

/// A process put together and not yet running.
public struct ServerProcess: Sendable {
    private let services: [any Service]
    private let drain: DrainState
    private let drainSeconds: Int
    private let logger: Logger
    private let cleanUp: @Sendable () async -> Void

    /// - Parameters:
    ///   - services: dependencies first, servers last.
    ///   - cleanUp: what is done when all of them have ended.
    public init(
        services: [any Service],
        drain: DrainState,
        drainSeconds: Int,
        logger: Logger,
        cleanUp: @escaping @Sendable () async -> Void = {}
    ) {
        self.services = services
        self.drain = drain
        self.drainSeconds = drainSeconds
        self.logger = logger
        self.cleanUp = cleanUp
    }

    /// Runs until SIGTERM or SIGINT, drains, and returns.
    ///
    /// - Throws: what a service threw, after the others have ended.
    public func run() async throws {
        let result: Result<Void, any Error>
        do {
            try await ProcessRunner.run(services, drain: drain, drainSeconds: drainSeconds, logger: logger)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await cleanUp()
        try result.get()
    }
}
