internal import Synchronization

/// Knows what this process needs to be of use, and asks whether it is there.
public final class ReadinessRegistry: Sendable {
    /// The clock as two functions, so that the registry need not be generic over it.
    struct Time: Sendable {
        var now: @Sendable () -> Duration
        var sleep: @Sendable (Duration) async throws -> Void

        init(_ clock: some Clock<Duration>) {
            let start = clock.now
            now = { start.duration(to: clock.now) }
            sleep = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
        }
    }

    private let drain: DrainState
    private let time: Time
    private let timeout: Duration
    private let lifetime: Duration
    private let checks = Mutex<[DependencyCheck]>([])

    /// - Parameters:
    ///   - timeout: after this long a check counts as failed.
    ///   - lifetime: for so long the result of a check is given again instead of running it anew.
    public init(
        drain: DrainState,
        timeout: Duration = .seconds(2),
        lifetime: Duration = .milliseconds(500),
        clock: some Clock<Duration> = ContinuousClock()
    ) {
        self.drain = drain
        self.timeout = timeout
        self.lifetime = lifetime
        self.time = Time(clock)
    }

    /// Adds a dependency; the process is ready when none of them fails.
    ///
    /// The check is cancelled when it is overdue, and is not run again before it has ended.
    public func register(_ name: String, _ check: @escaping @Sendable () async -> DependencyState) {
        let added = DependencyCheck(name: name, time: time, timeout: timeout, lifetime: lifetime, check: check)
        checks.withLock { $0.append(added) }
    }

    /// Asks every dependency, all at once. A process that drains is not ready, whatever they would say.
    public func report() async -> ReadinessReport {
        guard !drain.isDraining else { return ReadinessReport(isDraining: true, checks: []) }
        let checks = checks.withLock { $0 }
        let states = await withTaskGroup(of: (Int, DependencyState).self) { group in
            for (index, check) in checks.enumerated() { group.addTask { (index, await check.state()) } }
            return await group.reduce(into: [Int: DependencyState]()) { $0[$1.0] = $1.1 }
        }
        let named = checks.enumerated().map { ReadinessReport.Check(name: $1.name, state: states[$0] ?? .overdue) }
        return ReadinessReport(isDraining: drain.isDraining, checks: named)
    }
}
