/// Keeps a node's word: renews its lease, saves the checkpoints of its streams, and stops those that somebody asked to
/// stop through the database.
public struct NodeKeeper: Sendable {
    /// Between two rounds; a stop that came through the database waits no longer than this.
    public static let interval: Duration = .seconds(1)
    /// Between two looks for streams that nobody generates.
    static let forgottenInterval: Duration = .seconds(3)
    /// How old such a stream is at least: longer than it takes from its commit to its start.
    static let forgottenSeconds = 10
    private static let forgottenCount = 100
    private static let parallelCheckpoints = 4

    private let node: Node
    private let leases: any StreamLeaseStore
    private let registry: StreamRegistry
    private let observer: any StreamObserver
    private let leaseSeconds: Int

    /// - Parameter leaseSeconds: after how long without a sign of life the node's streams are given up, at least 3.
    public init(
        node: Node,
        leases: any StreamLeaseStore,
        registry: StreamRegistry,
        observer: any StreamObserver,
        leaseSeconds: Int
    ) {
        self.node = node
        self.leases = leases
        self.registry = registry
        self.observer = observer
        self.leaseSeconds = leaseSeconds
    }

    /// Makes the node's lease; streams may be begun once this has returned.
    public func begin() async throws {
        _ = try await leases.renewLease(of: node, seconds: leaseSeconds)
    }

    /// Works until the task is cancelled. What fails is tried again in the next round.
    ///
    /// The lease has a loop of its own: however many checkpoints there are to save, it must not run out meanwhile.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.repeatedly(every: Self.interval) { await renewLease() } }
            group.addTask { await Self.repeatedly(every: Self.interval) { await saveCheckpoints() } }
            group.addTask { await Self.repeatedly(every: Self.forgottenInterval) { await closeForgotten() } }
        }
    }

    /// Renews the lease, and stops what somebody asked to stop.
    func renewLease() async {
        do {
            for request in try await leases.renewLease(of: node, seconds: leaseSeconds) {
                guard let stream = registry.stream(request.messageID) else { continue }
                Task { await stream.stop() }
            }
        } catch {
            observer.backgroundWorkFailed("renew the lease of this node", error: error)
        }
    }

    /// Saves what came since the last time, of a few streams at once.
    func saveCheckpoints() async {
        await withTaskGroup(of: Void.self) { group in
            for (index, stream) in registry.all.enumerated() {
                if index >= Self.parallelCheckpoints { await group.next() }
                group.addTask { await stream.saveCheckpoint() }
            }
        }
    }

    /// Closes streams that were committed without this node learning of it, when the database was lost in mid-commit.
    func closeForgotten() async {
        do {
            _ = try await leases.closeForgotten(
                of: node.id,
                running: registry.all.map(\.identity.messageID),
                after: Self.forgottenSeconds,
                limit: Self.forgottenCount
            )
        } catch {
            observer.backgroundWorkFailed("close streams that nobody generates", error: error)
        }
    }

    private static func repeatedly(every interval: Duration, _ work: () async -> Void) async {
        while !Task.isCancelled {
            await work()
            try? await Task.sleep(for: interval)
        }
    }

    /// Ends the lease, so that what is left of this node is taken over at once.
    public func end() async {
        do {
            try await leases.endLease(of: node.id)
        } catch {
            observer.backgroundWorkFailed("end the lease of this node", error: error)
        }
    }
}
