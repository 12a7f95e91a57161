import DequeModule

/// Keeps what the server has subscribed equal to what is wanted here.
///
/// For each channel at most one request is under way; when it is confirmed, the channel is looked at again. So any
/// order of subscribing, cancelling and losing the connection ends where it should.
///
/// `Receiver` is what signals are handed to, `Waiter` whoever awaits that a subscription is in force.
struct SubscriptionStateMachine<Receiver: Sendable, Waiter: Sendable>: Sendable {
    /// What the server knows about one channel.
    enum Phase: Hashable {
        /// Nothing. Exits: `joining`; forgotten when nobody wants it.
        case absent
        /// `SUBSCRIBE` is sent. Exits: `joined`, `absent` with the connection.
        case joining
        /// Confirmed. Exits: `leaving`, `absent` with the connection.
        case joined
        /// `UNSUBSCRIBE` is sent. Exit: `absent`.
        case leaving
    }

    struct Entry {
        let id: UInt64
        let receiver: Receiver
        /// Nil when the subscriber went on, be it before the subscription was in force.
        fileprivate(set) var waiter: Waiter?
    }

    private struct Channel {
        var phase = Phase.absent
        var isQueued = false
        var entries: [Entry] = []
    }

    /// What to send next.
    struct Batch: Hashable {
        var subscribe: [String] = []
        var unsubscribe: [String] = []

        fileprivate var count: Int { subscribe.count + unsubscribe.count }
    }

    private var isConnected = false
    private var channels: [String: Channel] = [:]
    /// Channels that may need a request.
    private var queue: Deque<String> = []
    private var isWoken = false
    private var unconfirmed = 0
    private let maximumBatch: Int
    private let maximumUnconfirmed: Int

    /// - Parameters:
    ///   - maximumBatch: channels of one request.
    ///   - maximumUnconfirmed: channels requested at a time, which bounds what the server has to answer at once.
    init(maximumBatch: Int = 512, maximumUnconfirmed: Int = 4096) {
        self.maximumBatch = maximumBatch
        self.maximumUnconfirmed = maximumUnconfirmed
    }

    /// Whether the event loop must be told to send; once until it looked.
    private mutating func enqueue(_ name: String) -> Bool {
        guard isConnected, channels[name]?.isQueued == false else { return false }
        channels[name]?.isQueued = true
        queue.append(name)
        defer { isWoken = true }
        return !isWoken
    }
}

// MARK: - What is wanted

extension SubscriptionStateMachine {
    enum SubscribeAction: Hashable {
        /// In force already.
        case resume
        /// Takes force with the next connection; do not wait.
        case resumeUnconnected
        /// The waiter is kept.
        case wait(wake: Bool)
    }

    mutating func subscribe(_ receiver: Receiver, id: UInt64, to name: String, waiter: Waiter) -> SubscribeAction {
        let phase = channels[name]?.phase ?? .absent
        let isWaiting = isConnected && phase != .joined
        let entry = Entry(id: id, receiver: receiver, waiter: isWaiting ? waiter : nil)
        channels[name, default: Channel()].entries.append(entry)
        guard isConnected else { return .resumeUnconnected }
        switch phase {
        case .joined: return .resume
        case .joining, .leaving: return .wait(wake: false)
        case .absent: return .wait(wake: enqueue(name))
        }
    }

    /// - Returns: whether the event loop must be told to send, and the waiter if the subscription had one.
    mutating func cancel(id: UInt64, on name: String) -> (wake: Bool, waiter: Waiter?) {
        guard let index = channels[name]?.entries.firstIndex(where: { $0.id == id }),
            let entry = channels[name]?.entries.remove(at: index)
        else { return (false, nil) }
        guard let channel = channels[name], channel.entries.isEmpty else { return (false, entry.waiter) }
        switch channel.phase {
        case .joined:
            return (enqueue(name), entry.waiter)
        case .absent where !channel.isQueued:
            channels[name] = nil
        case .absent, .joining, .leaving:
            break
        }
        return (false, entry.waiter)
    }

    /// The subscriber does not want to wait any longer; the subscription stays.
    mutating func abandonWait(id: UInt64, on name: String) -> Waiter? {
        guard let index = channels[name]?.entries.firstIndex(where: { $0.id == id }) else { return nil }
        return channels[name]?.entries[index].waiter.take()
    }
}

// MARK: - What the connection says

extension SubscriptionStateMachine {
    /// A connection without subscriptions is there; all channels are due.
    mutating func connected() {
        isConnected = true
        isWoken = true
        for name in channels.keys {
            channels[name]?.isQueued = true
            queue.append(name)
        }
    }

    /// - Returns: whoever waits: their subscriptions take force with the next connection.
    mutating func disconnected() -> [Waiter] {
        isConnected = false
        isWoken = false
        unconfirmed = 0
        queue.removeAll()
        var waiters: [Waiter] = []
        channels = channels.compactMapValues { channel in
            guard !channel.entries.isEmpty else { return nil }
            var channel = Channel(entries: channel.entries)
            for index in channel.entries.indices {
                if let waiter = channel.entries[index].waiter.take() { waiters.append(waiter) }
            }
            return channel
        }
        return waiters
    }

    /// The next requests to send; nil when there are none or enough are under way.
    mutating func nextBatch() -> Batch? {
        var batch = Batch()
        while batch.count < maximumBatch, unconfirmed < maximumUnconfirmed, let name = queue.popFirst() {
            channels[name]?.isQueued = false
            guard let channel = channels[name] else { continue }
            switch (channel.phase, channel.entries.isEmpty) {
            case (.absent, true):
                channels[name] = nil
            case (.absent, false):
                channels[name]?.phase = .joining
                batch.subscribe.append(name)
                unconfirmed += 1
            case (.joined, true):
                channels[name]?.phase = .leaving
                batch.unsubscribe.append(name)
                unconfirmed += 1
            case (.joined, false), (.joining, _), (.leaving, _):
                break
            }
        }
        guard batch.count > 0 else {
            isWoken = false
            return nil
        }
        return batch
    }

    struct Confirmation {
        var waiters: [Waiter] = []
        /// Those who may have missed signals before.
        var restored: [Receiver] = []
        var wake = false
    }

    /// - Returns: nil when it was not asked for.
    mutating func subscribed(_ name: String) -> Confirmation? {
        guard channels[name]?.phase == .joining else { return nil }
        unconfirmed -= 1
        channels[name]?.phase = .joined
        var confirmation = Confirmation()
        for index in channels[name]?.entries.indices ?? 0..<0 {
            if let waiter = channels[name]?.entries[index].waiter.take() {
                confirmation.waiters.append(waiter)
            } else if let entry = channels[name]?.entries[index] {
                confirmation.restored.append(entry.receiver)
            }
        }
        if channels[name]?.entries.isEmpty == true { confirmation.wake = enqueue(name) }
        return confirmation
    }

    /// - Returns: whether to tell the event loop to send; nil when it was not asked for.
    mutating func unsubscribed(_ name: String) -> Bool? {
        guard let channel = channels[name], channel.phase == .leaving else { return nil }
        unconfirmed -= 1
        guard !channel.entries.isEmpty else {
            channels[name] = nil
            return false
        }
        channels[name]?.phase = .absent
        return enqueue(name)
    }

    /// Whom a signal on `name` is for.
    func entries(of name: String) -> [Entry] {
        channels[name]?.entries ?? []
    }

    /// Channels wanted or still known to the server.
    var channelCount: Int { channels.count }
}
