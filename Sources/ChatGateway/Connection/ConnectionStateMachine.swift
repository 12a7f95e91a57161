import ChatCore

/// The life of one WebSocket connection: who it belongs to, what it may do now, and that it is closed once.
///
/// A value-type machine without I/O; times are handed in.
struct ConnectionStateMachine: Sendable {
    /// So much bad input within ``badInputWindow`` closes the connection.
    static let maximumBadInputs = 20
    static let badInputWindowSeconds: Int64 = 60

    private enum State {
        /// No token yet: nothing but `auth` is understood. Exits: `open`, `closing`.
        case awaitingToken
        /// Exits: `closing`.
        case open(Caller)
        /// The close frame is on its way, or the channel is gone.
        case closing
    }

    enum TokenAction {
        /// The first token: make the connection ready.
        case makeReady
        /// A fresh token of the same client.
        case refreshed
        case close(CloseCode, ChatError)
        case none
    }

    enum StreamAction: Equatable {
        case begin
        case refuse
    }

    enum BadInputAction: Equatable {
        case answer
        case close(CloseCode)
        case none
    }

    private let maximumStreams: Int
    private var state: State
    private var streams = 0
    private var badInputs: [Timestamp] = []
    private var lastHeardOf: Timestamp

    init(maximumStreams: Int, now: Timestamp) {
        self.maximumStreams = maximumStreams
        self.state = .awaitingToken
        self.lastHeardOf = now
    }

    var caller: Caller? {
        if case .open(let caller) = state { caller } else { nil }
    }

    var isAwaitingToken: Bool {
        if case .awaitingToken = state { true } else { false }
    }

    var isClosing: Bool {
        if case .closing = state { true } else { false }
    }

    mutating func tokenAccepted(_ caller: Caller) -> TokenAction {
        switch state {
        case .awaitingToken:
            state = .open(caller)
            return .makeReady
        case .open(let current):
            guard current.clientID == caller.clientID else {
                state = .closing
                return .close(.unauthenticated, ChatError(.authRequired, "The token is another client's."))
            }
            state = .open(caller)
            return .refreshed
        case .closing:
            return .none
        }
    }

    /// The token has run out, or there was none in time. `false` when it was renewed meanwhile or the connection closes
    /// anyway.
    mutating func tokenExpired(now: Timestamp) -> Bool {
        switch state {
        case .awaitingToken: break
        case .open(let caller) where caller.expiresAt <= now: break
        case .open, .closing: return false
        }
        state = .closing
        return true
    }

    mutating func frameArrived(now: Timestamp) {
        lastHeardOf = now
    }

    /// Whether nothing was heard of the peer for `seconds`.
    func isSilent(since seconds: Int, now: Timestamp) -> Bool {
        lastHeardOf.advanced(bySeconds: Int64(seconds)) <= now
    }

    mutating func streamRequested() -> StreamAction {
        guard streams < maximumStreams else { return .refuse }
        streams += 1
        return .begin
    }

    mutating func streamEnded() {
        streams -= 1
    }

    mutating func badInputArrived(now: Timestamp) -> BadInputAction {
        guard !isClosing else { return .none }
        let oldest = now.advanced(bySeconds: -Self.badInputWindowSeconds)
        badInputs.removeAll { $0 <= oldest }
        badInputs.append(now)
        guard badInputs.count < Self.maximumBadInputs else {
            state = .closing
            return .close(.policyViolation)
        }
        return .answer
    }

    /// The connection is to be closed. `false` when that is under way already.
    mutating func close() -> Bool {
        guard !isClosing else { return false }
        state = .closing
        return true
    }
}
