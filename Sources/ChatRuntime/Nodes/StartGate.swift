public import Logging
public import ServiceLifecycle
internal import Synchronization

/// Holds a process back until what it cannot start without is there and fits (`contract/runtime.md`, 'Configuration').
public final class StartGate: Service {
    public enum Verdict: Sendable {
        case open
        /// Not yet, and why, in a few words; asked again soon.
        case wait(reason: String)
    }

    private static let interval = Duration.milliseconds(250)

    private let check: @Sendable () async throws -> Verdict
    private let logger: Logger
    private let opened: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation
    private let isOpenFlag = Atomic(false)

    /// - Parameter check: throws what makes the start impossible.
    public init(logger: Logger, check: @escaping @Sendable () async throws -> Verdict) {
        self.check = check
        self.logger = logger
        (opened, opening) = AsyncStream.makeStream()
    }

    public var isOpen: Bool { isOpenFlag.load(ordering: .acquiring) }

    /// Asks until the gate opens; then waits for the graceful shutdown.
    ///
    /// - Throws: what the check throws.
    public func run() async throws {
        var lastReason: String?
        while !isOpen, !Task.isShuttingDownGracefully, !Task.isCancelled {
            switch try await check() {
            case .open:
                isOpenFlag.store(true, ordering: .releasing)
                opening.finish()
            case .wait(let reason):
                if reason != lastReason { logger.notice("Waiting to start", metadata: .keys([.reason: "\(reason)"])) }
                lastReason = reason
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.interval) }
            }
        }
        try? await gracefulShutdown()
    }

    /// Returns when the gate is open, or the calling task is cancelled or shuts down.
    public func wait() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.opened {} }
            group.addTask { try? await gracefulShutdown() }
            await group.next()
            group.cancelAll()
        }
    }
}

/// A service that begins only when a gate has opened; not at all when the process ends before.
public struct GatedService: Service {
    private let gate: StartGate
    private let service: any Service

    public init(_ service: any Service, behind gate: StartGate) {
        self.gate = gate
        self.service = service
    }

    public func run() async throws {
        await gate.wait()
        guard gate.isOpen else { return }
        try await service.run()
    }
}
