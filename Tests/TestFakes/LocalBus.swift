public import ChatCore
import Synchronization

/// A bus within the process: a signal is delivered before ``publish(_:on:)`` returns.
public final class LocalBus: SignalBus {
    private struct State {
        var receivers: [String: [Int: @Sendable (SignalDelivery) -> Void]] = [:]
        var nextID = 0
        var isConnected = true
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

        var subscriptionCount: Int { receivers.values.reduce(0) { $0 + $1.count } }

        mutating func contentWatchers() -> [CheckedContinuation<Void, Never>] {
            let count = subscriptionCount
            let content = watchers.filter { $0.count == count }.map(\.continuation)
            watchers.removeAll { $0.count == count }
            return content
        }
    }

    private struct Subscription: SignalSubscription {
        let bus: LocalBus
        let channel: SignalChannel
        let id: Int

        func cancel() { bus.change { _ = $0.receivers[channel.name]?.removeValue(forKey: id) } }
    }

    private let state = Mutex(State())
    private let onSubscribe: @Sendable () async -> Void

    /// - Parameter onSubscribe: done before a subscription takes force.
    public init(onSubscribe: @escaping @Sendable () async -> Void = {}) {
        self.onSubscribe = onSubscribe
    }

    /// A bus that is not connected loses what is sent.
    public var isConnected: Bool {
        get { state.withLock { $0.isConnected } }
        set { state.withLock { $0.isConnected = newValue } }
    }

    public func publish(_ payload: [UInt8], on channel: SignalChannel) async throws -> Int {
        let receivers = try state.withLock { state in
            guard state.isConnected else { throw SignalBusError(.notConnected, "away") }
            return state.receivers[channel.name] ?? [:]
        }
        for receive in receivers.values { receive(.signal(payload)) }
        return receivers.count
    }

    public func subscribe(
        to channel: SignalChannel,
        receive: @escaping @Sendable (SignalDelivery) -> Void
    ) async -> any SignalSubscription {
        await onSubscribe()
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        change { $0.receivers[channel.name, default: [:]][id] = receive }
        return Subscription(bus: self, channel: channel, id: id)
    }

    /// Returns when there are exactly so many subscriptions.
    public func waitForSubscriptions(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isContent = state.withLock { state in
                let isContent = state.subscriptionCount == count
                if !isContent { state.watchers.append((count, continuation)) }
                return isContent
            }
            if isContent { continuation.resume() }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let watchers = state.withLock { state in
            body(&state)
            return state.contentWatchers()
        }
        for watcher in watchers { watcher.resume() }
    }
}
