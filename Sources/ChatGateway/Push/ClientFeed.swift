import ChatCore
import CoreMetrics
import Synchronization

/// One client's push events on this node: puts them in order and hands them to the client's connections.
final class ClientFeed: Sendable {
    struct Receiver: Sendable {
        let connection: Connection
        /// Counts what it is given of the client's events.
        let flow: StreamFlow
        /// What the connection has had already, wherever from.
        var position: Int64
        /// It has been given as much as it may have before it takes some; what comes meanwhile it gets from the log.
        var isBehind = false
    }

    /// How a receiver that was behind goes on.
    enum Return {
        /// It gets what comes from here on.
        case joined
        /// There is more to be read from the log first.
        case hasMissed
        /// It has left meanwhile.
        case gone
    }

    private struct State {
        var feed: EventFeed
        var receivers: [EntityID<Connection>: Receiver] = [:]
    }

    let client: ClientID
    private let metrics: GatewayMetrics
    private let onBehind: @Sendable (ClientFeed, Receiver) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - position: the end of the log, read after the client's channel was subscribed.
    ///   - onBehind: has a receiver that is behind brought back by ``rejoin(_:after:)``; must not wait.
    init(
        client: ClientID,
        position: Int64,
        metrics: GatewayMetrics,
        onBehind: @escaping @Sendable (ClientFeed, Receiver) -> Void
    ) {
        self.client = client
        self.metrics = metrics
        self.onBehind = onBehind
        self.state = Mutex(State(feed: EventFeed(position: position)))
    }

    var position: Int64 { state.withLock { $0.feed.position } }

    /// Adds a connection that has had everything up to `position`, if the feed has not gone on since.
    ///
    /// `ready` is called before any event is handed over, with where the feed stands.
    ///
    /// - Returns: `false` when there are events after `position` to be read from the log first.
    func join(
        _ connection: Connection,
        after position: Int64,
        flow: StreamFlow,
        ready: (Int64) -> Void
    ) -> Bool {
        state.withLock { state in
            guard position >= state.feed.position else { return false }
            ready(max(position, state.feed.position))
            state.receivers[connection.id] = Receiver(connection: connection, flow: flow, position: position)
            return true
        }
    }

    /// Takes a receiver back that was behind and has had everything up to `position`.
    func rejoin(_ connection: Connection, after position: Int64) -> Return {
        state.withLock { state in
            guard state.receivers[connection.id] != nil else { return .gone }
            guard position >= state.feed.position else { return .hasMissed }
            state.receivers[connection.id]?.position = position
            state.receivers[connection.id]?.isBehind = false
            return .joined
        }
    }

    func leave(_ connection: Connection) {
        state.withLock { _ = $0.receivers.removeValue(forKey: connection.id) }
    }

    /// An event came over the bus. - Returns: after which `seq` the log is to be read.
    func arrived(_ event: PushEvent) -> Int64? { apply { $0.arrived(event) } }

    /// An event is in the log. - Returns: after which `seq` the log is to be read.
    func told(of seq: Int64) -> Int64? { apply { seq > $0.position ? $0.restored() : .none } }

    /// The bus was away and the log has gone on meanwhile.
    func restored() -> Int64? { apply { $0.restored() } }

    func readBack(_ events: [PushEvent], reachedEnd: Bool) -> Int64? {
        apply { $0.readBack(events, reachedEnd: reachedEnd) }
    }

    func readBackFailed() {
        state.withLock { $0.feed.readBackFailed() }
    }

    /// Events are put into the connections' queues under the lock: two events decided one after the other must not reach a
    /// connection the other way round.
    private func apply(_ input: (inout EventFeed) -> EventFeed.Action) -> Int64? {
        state.withLock { state in
            switch input(&state.feed) {
            case .none: return nil
            case .deliver(let events):
                deliver(events, to: &state.receivers)
                return nil
            case .deliverAndReadBack(let events, let position):
                deliver(events, to: &state.receivers)
                return position
            }
        }
    }

    private func deliver(_ events: [PushEvent], to receivers: inout [EntityID<Connection>: Receiver]) {
        for event in events {
            let bytes = ServerEnvelope.encode(event)
            for (id, receiver) in receivers where receiver.position < event.seq && !receiver.isBehind {
                receivers[id]?.position = event.seq
                let hasRoom = receiver.flow.given(bytes.count)
                receiver.connection.outbound.send(text: bytes, flow: receiver.flow)
                metrics.pushEvents.increment()
                if hasRoom { continue }
                receivers[id]?.isBehind = true
                if let receiver = receivers[id] { onBehind(self, receiver) }
            }
        }
    }
}
