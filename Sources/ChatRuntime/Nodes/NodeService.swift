public import ChatCore
public import ServiceLifecycle

/// What a node that may run or stop streams does for as long as it lives: listens for signals of other nodes, and keeps its
/// lease and its streams' checkpoints.
public struct NodeService: Service {
    private let signals: NodeSignals
    private let keeper: NodeKeeper
    private let drainStreams: DrainStreams
    private let drainSeconds: Int

    /// - Parameter drainSeconds: how long streams that still run at the shutdown may go on.
    public init(signals: NodeSignals, keeper: NodeKeeper, drainStreams: DrainStreams, drainSeconds: Int) {
        self.signals = signals
        self.keeper = keeper
        self.drainStreams = drainStreams
        self.drainSeconds = drainSeconds
    }

    /// Works until the graceful shutdown and the end of the streams that run then; at last gives the lease back.
    public func run() async throws {
        let subscription = await signals.listen()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.run() }
            try? await gracefulShutdown()
            await drainStreams(within: .seconds(drainSeconds))
            group.cancelAll()
        }
        await keeper.end()
        subscription.cancel()
    }
}
