/// Keeps a node's word: renews its lease, saves the checkpoints of its streams, and stops those that somebody asked to
/// stop through the database.
public struct NodeKeeper: Sendable {
    /// Between two rounds; a stop that came through the database waits no longer than this.
    public static let interval: Duration = .seconds(1)

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
    public func run() async {
        while !Task.isCancelled {
            await keepOnce()
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// One round.
    public func keepOnce() async {
        do {
            for request in try await leases.renewLease(of: node, seconds: leaseSeconds) {
                guard let stream = registry.stream(request.messageID) else { continue }
                Task { await stream.stop() }
            }
        } catch {
            observer.backgroundWorkFailed("renew the lease of this node", error: error)
        }
        for stream in registry.all { await stream.saveCheckpoint() }
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
