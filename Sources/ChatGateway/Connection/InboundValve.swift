import NIOCore
import Synchronization

/// Takes nothing from a client's socket while there is a reason not to.
final class InboundValve: Sendable {
    enum Reason {
        /// What the client says waits until its token is checked.
        case unknownCaller
        /// The client does not take what it is sent; it gets nothing more by asking for more.
        case fullQueue
    }

    private let channel: any Channel
    private let reasons = Mutex<Set<Reason>>([])

    init(channel: any Channel) {
        self.channel = channel
    }

    func shut(for reason: Reason) { change { $0.insert(reason) } }

    func open(for reason: Reason) { change { $0.remove(reason) } }

    private func change<Outcome>(_ change: (inout Set<Reason>) -> Outcome) {
        reasons.withLock { _ = change(&$0) }
        if channel.eventLoop.inEventLoop { apply() } else { channel.eventLoop.execute { self.apply() } }
    }

    /// On the event loop: what holds by then counts, whoever came first.
    private func apply() {
        channel.setOption(.autoRead, value: reasons.withLock(\.isEmpty)).whenFailure { _ in }
    }
}
