import ChatCore
import NIOCore
import Synchronization

/// The connections of this node, within its limits. A channel whose handshake is still to come counts as one of them.
final class ConnectionRegistry: Sendable {
    enum Admission: Equatable {
        case admitted
        /// The node has as many as it takes.
        case nodeIsFull
        /// The client has as many as it may.
        case clientIsFull
    }

    /// Beside those it takes, so many channels may be open, to be told that the node is full. More are closed without a word.
    static let maximumRefused = 256

    private struct State {
        /// Those that are open, whatever has become of them.
        var channels = 0
        /// Those whose handshake is to come.
        var handshakes: Set<ObjectIdentifier> = []
        var connections: [EntityID<Connection>: Connection] = [:]
        var perClient: [ClientID: Int] = [:]
    }

    private let maximum: Int
    private let maximumPerClient: Int
    private let state = Mutex(State())

    init(maximum: Int, maximumPerClient: Int) {
        self.maximum = maximum
        self.maximumPerClient = maximumPerClient
    }

    var count: Int { state.withLock { $0.connections.count } }

    var all: [Connection] { state.withLock { Array($0.connections.values) } }

    /// Counts a channel that was just opened. - Returns: `false` when it is to be closed at once, and is not counted.
    func arrived(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isTaken = state.withLock { state in
            guard state.channels < maximum + Self.maximumRefused else { return false }
            state.channels += 1
            state.handshakes.insert(id)
            return true
        }
        guard isTaken else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.channels -= 1
                state.handshakes.remove(id)
            }
        }
        return true
    }

    /// Takes in a connection that has not said yet whose it is; its handshake is done.
    func add(_ connection: Connection) -> Admission {
        state.withLock { state in
            state.handshakes.remove(ObjectIdentifier(connection.channel))
            guard state.connections.count + state.handshakes.count < maximum else { return .nodeIsFull }
            state.connections[connection.id] = connection
            return .admitted
        }
    }

    /// Counts a connection for its client.
    func claim(_ client: ClientID) -> Admission {
        state.withLock { state in
            guard state.perClient[client, default: 0] < maximumPerClient else { return .clientIsFull }
            state.perClient[client, default: 0] += 1
            return .admitted
        }
    }

    /// Gives back what ``claim(_:)`` counted.
    func release(_ client: ClientID) {
        state.withLock { state in
            guard let count = state.perClient[client] else { return }
            state.perClient[client] = count > 1 ? count - 1 : nil
        }
    }

    /// Returns when every connection has been given all there is of the streams of this node, at the latest at the
    /// deadline. Cancelling ends the waiting.
    func untilStreamsAreShown(before deadline: ContinuousClock.Instant) async {
        while all.contains(where: \.isShownStreams), ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    func remove(_ connection: Connection) {
        state.withLock { _ = $0.connections.removeValue(forKey: connection.id) }
    }
}
