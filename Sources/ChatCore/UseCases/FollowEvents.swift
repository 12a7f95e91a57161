internal import Synchronization

/// Tells a client without a socket what happened, and waits for it to happen (`contract/semantics.md`, 'Push events'): from
/// the same log and by the same cursor as a connection of a gateway.
public final class FollowEvents: Sendable {
    /// How long a request may wait.
    public static let maximumWaitSeconds = 30
    /// Requests of one client that may wait at this node at once.
    public static let maximumWaitsPerClient = 100
    /// How often the log is looked at while the bus, which brings the news sooner, is away.
    static let pollInterval: Duration = .seconds(2)
    /// A signal may get lost even so: in how many of these intervals the log is looked at once while the bus is there.
    static let intervalsPerLook = 5

    public struct Request: Hashable, Sendable {
        /// The cursor: what comes after it is asked for.
        public var afterSeq: Int64
        /// 1…1000.
        public var limit: Int
        /// How long to wait when there is nothing yet, 0…``FollowEvents/maximumWaitSeconds``.
        public var waitSeconds: Int

        public init(afterSeq: Int64, limit: Int, waitSeconds: Int) {
            self.afterSeq = afterSeq
            self.limit = limit
            self.waitSeconds = waitSeconds
        }
    }

    private let events: any EventStore
    private let bus: any SignalBus
    private let clock: any Clock<Duration>
    private let waits: Mutex<EventWaits>

    /// - Parameter maximumWaits: how many requests may wait at this node at once.
    public init(
        events: any EventStore,
        bus: any SignalBus,
        maximumWaits: Int,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.events = events
        self.bus = bus
        self.clock = clock
        waits = Mutex(EventWaits(maximum: maximumWaits, maximumPerClient: Self.maximumWaitsPerClient))
    }

    /// Answers with what comes after the cursor, as soon as there is something; with nothing when the time is up, when one
    /// of `ends` returns, or when the task is cancelled.
    ///
    /// - Parameter ends: what else ends the waiting; each returns at once when cancelled.
    /// - Throws: ``ChatError``: `SERVICE_UNAVAILABLE` when the log is out of reach or too many requests wait,
    ///   `RATE_LIMIT_EXCEEDED` when too many of this client do.
    public func callAsFunction(
        _ request: Request,
        client: ClientID,
        until ends: [@Sendable () async -> Void] = []
    ) async throws -> EventSlice {
        if let slice = try await slice(request, client) { return slice }
        let nothing = EventSlice(events: [], lastSeq: request.afterSeq)
        guard request.waitSeconds > 0 else { return nothing }
        try waits.withLock { waits throws(ChatError) in try waits.enter(client) }
        defer { waits.withLock { $0.leave(client) } }
        return try await wait(for: request, client, until: ends) ?? nothing
    }

    /// What there is to tell now; `nil` when nothing has come after the cursor.
    private func slice(_ request: Request, _ client: ClientID) async throws -> EventSlice? {
        // Read first, so that what is up to here must be found below.
        let end = try await events.lastSeqs(of: [client])[client] ?? 0
        guard request.afterSeq != end else { return nil }
        guard request.afterSeq < end, end - request.afterSeq <= EventReach.maximumEvents else {
            return .resync(at: end)
        }
        let found = try await events.events(of: client, after: request.afterSeq, limit: request.limit).events
        guard let first = found.first, let last = found.last,
            // Every number is there: none was dropped from the log, not even in between.
            last.seq - request.afterSeq == found.count,
            first.createdAt > Timestamp.now.advanced(bySeconds: -EventReach.seconds)
        else { return .resync(at: end) }
        return EventSlice(events: found, lastSeq: last.seq)
    }

    private func wait(
        for request: Request,
        _ client: ClientID,
        until ends: [@Sendable () async -> Void]
    ) async throws -> EventSlice? {
        let patience = Duration.seconds(request.waitSeconds)
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await self.listen(for: client, atMost: patience) { wake.yield() } }
            group.addTask { await self.lookNowAndThen { wake.yield() } }
            group.addTask {
                try? await self.clock.sleep(for: patience)
                wake.finish()
            }
            for end in ends {
                group.addTask {
                    await end()
                    wake.finish()
                }
            }
            for await _ in wakes {
                if let slice = try await slice(request, client) { return slice }
            }
            return nil
        }
    }

    /// Calls `wake` for every signal on the client's channel.
    private func listen(for client: ClientID, atMost patience: Duration, wake: @escaping @Sendable () -> Void) async {
        let subscription = await bus.subscribe(to: .events(of: client)) { _ in wake() }
        defer { subscription.cancel() }
        // What was published before the subscription took force is in the log.
        wake()
        try? await clock.sleep(for: patience)
    }

    private func lookNowAndThen(wake: @Sendable () -> Void) async {
        var intervals = 0
        while (try? await clock.sleep(for: Self.pollInterval)) != nil {
            intervals += 1
            guard !bus.isConnected || intervals >= Self.intervalsPerLook else { continue }
            intervals = 0
            wake()
        }
    }
}
