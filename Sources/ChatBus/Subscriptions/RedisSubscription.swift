import ChatCore
import Synchronization

/// One receiver on one channel.
final class RedisSubscription: SignalSubscription {
    let id: UInt64
    let channel: String
    private let receive: @Sendable (SignalDelivery) -> Void
    private let hub: SubscriptionHub
    private let isCancelled = Atomic(false)

    init(id: UInt64, channel: String, hub: SubscriptionHub, receive: @escaping @Sendable (SignalDelivery) -> Void) {
        self.id = id
        self.channel = channel
        self.hub = hub
        self.receive = receive
    }

    /// Ends the subscription: nothing more is delivered, but for one delivery that may be under way on the event loop.
    func cancel() {
        guard !isCancelled.exchange(true, ordering: .relaxed) else { return }
        hub.cancel(self)
    }

    func deliver(_ delivery: SignalDelivery) {
        guard !isCancelled.load(ordering: .relaxed) else { return }
        receive(delivery)
    }
}
