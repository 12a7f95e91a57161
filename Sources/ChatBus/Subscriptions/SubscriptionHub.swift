import ChatCore
import Metrics
import NIOCore
import Synchronization

/// Subscriptions of any number of receivers on one connection.
final class SubscriptionHub: RedisTraffic {
    private typealias Machine = SubscriptionStateMachine<RedisSubscription, CheckedContinuation<Void, Never>>

    private struct State {
        var machine = Machine()
        var channel: (any Channel)?
    }

    private let state = Mutex(State())
    private let nextID = Atomic<UInt64>(0)
    private let receivedCounter = Counter(label: "chat_engine_redis_received_total")

    var isConnected: Bool {
        state.withLock { $0.channel != nil }
    }

    /// Returns when the subscription is in force, or at once without a connection or on cancellation; in both cases it
    /// takes force later and `receive` is told by `restored`.
    func subscribe(to name: String, receive: @escaping @Sendable (SignalDelivery) -> Void) async -> RedisSubscription {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
        let subscription = RedisSubscription(id: id, channel: name, hub: self, receive: receive)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                add(subscription, waiter: continuation)
                // A cancellation before the subscription was added found nothing to abandon.
                if Task.isCancelled { abandonWait(of: subscription) }
            }
        } onCancel: {
            abandonWait(of: subscription)
        }
        return subscription
    }

    private func add(_ subscription: RedisSubscription, waiter: CheckedContinuation<Void, Never>) {
        let (action, channel) = state.withLock {
            (
                $0.machine.subscribe(subscription, id: subscription.id, to: subscription.channel, waiter: waiter),
                $0.channel
            )
        }
        switch action {
        case .resume, .resumeUnconnected: waiter.resume()
        case .wait(wake: true): wake(channel)
        case .wait(wake: false): break
        }
    }

    private func abandonWait(of subscription: RedisSubscription) {
        let waiter = state.withLock { $0.machine.abandonWait(id: subscription.id, on: subscription.channel) }
        waiter?.resume()
    }

    func cancel(_ subscription: RedisSubscription) {
        let (action, channel) = state.withLock {
            ($0.machine.cancel(id: subscription.id, on: subscription.channel), $0.channel)
        }
        action.waiter?.resume()
        if action.wake { wake(channel) }
    }

    private func wake(_ channel: (any Channel)?) {
        channel?.eventLoop.execute { self.sendRequests() }
    }

    // MARK: On the event loop

    private func sendRequests() {
        guard let channel = state.withLock({ $0.channel }) else { return }
        var hasWritten = false
        while let batch = state.withLock({ $0.machine.nextBatch() }) {
            do {
                if !batch.unsubscribe.isEmpty {
                    channel.write(try RedisCommand.unsubscribe(batch.unsubscribe), promise: nil)
                }
                if !batch.subscribe.isEmpty {
                    channel.write(try RedisCommand.subscribe(batch.subscribe), promise: nil)
                }
            } catch {
                // Only a new connection can bring the server and the machine together again.
                channel.close(promise: nil)
                return
            }
            hasWritten = true
        }
        if hasWritten { channel.flush() }
    }

    func connected(_ channel: any Channel) {
        state.withLock { state in
            state.channel = channel
            state.machine.connected()
        }
        sendRequests()
    }

    func received(_ reply: RedisReply) throws(RedisConnectionError) {
        switch reply {
        case .message(let name, let payload):
            receivedCounter.increment()
            let entries = state.withLock { $0.machine.entries(of: name) }
            for entry in entries {
                entry.receiver.deliver(.signal(payload))
            }
        case .subscribed(let name):
            guard let confirmation = state.withLock({ $0.machine.subscribed(name) }) else {
                throw .protocolViolation("a subscription nobody asked for")
            }
            for waiter in confirmation.waiters {
                waiter.resume()
            }
            for subscription in confirmation.restored {
                subscription.deliver(.restored)
            }
        case .unsubscribed(let name):
            guard state.withLock({ $0.machine.unsubscribed(name) }) != nil else {
                throw .protocolViolation("the end of a subscription nobody asked for")
            }
        case .pong, .status:
            break
        case .error(let text):
            throw .handshakeRefused(step: "SUBSCRIBE", reply: text)
        case .integer, .bytes, .null, .unknown:
            throw .protocolViolation("an unexpected push")
        }
    }

    /// Confirmations make room for further requests.
    func readCompleted() {
        sendRequests()
    }

    func writabilityChanged() {}

    func send(_ control: RedisControl) {
        guard let channel = state.withLock({ $0.channel }) else { return }
        guard let bytes = try? control == .ping ? RedisCommand.ping() : RedisCommand.quit() else { return }
        channel.writeAndFlush(bytes, promise: nil)
    }

    func disconnected() {
        let waiters = state.withLock { state in
            state.channel = nil
            return state.machine.disconnected()
        }
        for waiter in waiters {
            waiter.resume()
        }
    }
}
