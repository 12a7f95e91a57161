public import ChatCore
public import ServiceLifecycle

/// What a node that may run or stop streams does for as long as it lives: listens for signals of other nodes, and keeps its
/// lease when it has one.
public struct NodeService: Service {
    private let signals: NodeSignals
    private let keeper: NodeKeeper?

    /// - Parameter keeper: `nil` for a node that runs no streams.
    public init(signals: NodeSignals, keeper: NodeKeeper?) {
        self.signals = signals
        self.keeper = keeper
    }

    /// Works until the graceful shutdown, then gives the lease back.
    public func run() async throws {
        let subscription = await signals.listen()
        if let keeper {
            await cancelWhenGracefulShutdown { await keeper.run() }
            await keeper.end()
        } else {
            try? await gracefulShutdown()
        }
        subscription.cancel()
    }
}
