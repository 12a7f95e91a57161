import ChatCore
import Synchronization

/// The connections of this node, within its limits.
final class ConnectionRegistry: Sendable {
    enum Admission: Equatable {
        case admitted
        /// The node has as many as it takes.
        case nodeIsFull
        /// The client has as many as it may.
        case clientIsFull
    }

    private struct State {
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

    /// Takes in a connection that has not said yet whose it is.
    func add(_ connection: Connection) -> Admission {
        state.withLock { state in
            guard state.connections.count < maximum else { return .nodeIsFull }
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
