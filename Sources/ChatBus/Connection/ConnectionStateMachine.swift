import DequeModule

/// The life of one connection, from the first byte to the last.
struct ConnectionStateMachine {
    enum State: Hashable {
        /// TCP and TLS are under way. Exits: `authenticating`, `closed`.
        case connecting
        /// The handshake is sent and its answers come in order. Exits: `ready`, `closed`.
        case authenticating(awaited: Deque<HandshakeStep>)
        /// In use. Exits: `closing`, `closed`.
        case ready
        /// `QUIT` is sent; answers to what was sent before still arrive, then the server closes. Exit: `closed`.
        case closing
        case closed
    }

    enum ReplyAction: Hashable {
        case none
        /// A step that is not required was refused.
        case report(refused: HandshakeStep, reply: String)
        case becomeReady
        case deliver(RedisReply)
        case fail(RedisConnectionError)
    }

    enum ShutDownAction: Hashable {
        case none
        case quit
        case close
    }

    enum ClosedAction: Hashable {
        case none
        /// - Parameter isExpected: whether this side wanted it.
        case disconnect(isExpected: Bool)
    }

    private(set) var state = State.connecting
    private let handshake: [HandshakeStep]

    init(handshake: [HandshakeStep]) {
        self.handshake = handshake
    }

    /// The transport is up; sends what is returned, in order.
    mutating func connected() -> [HandshakeStep] {
        guard case .connecting = state else { return [] }
        state = .authenticating(awaited: Deque(handshake))
        return handshake
    }

    mutating func received(_ reply: RedisReply) -> ReplyAction {
        switch state {
        case .ready, .closing:
            return .deliver(reply)
        case .authenticating(var awaited):
            guard let step = awaited.popFirst() else { return .fail(.protocolViolation("a reply to no command")) }
            state = awaited.isEmpty ? .ready : .authenticating(awaited: awaited)
            return answer(reply, to: step)
        case .connecting:
            return .fail(.protocolViolation("a reply to no command"))
        case .closed:
            return .none
        }
    }

    private func answer(_ reply: RedisReply, to step: HandshakeStep) -> ReplyAction {
        switch reply {
        case .status:
            return state == .ready ? .becomeReady : .none
        case .error(let text) where step.isRequired:
            return .fail(.handshakeRefused(step: step.name, reply: text))
        case .error(let text):
            return .report(refused: step, reply: text)
        default:
            return .fail(.protocolViolation("an unexpected reply to \(step.name)"))
        }
    }

    /// The owner is done with the connection.
    mutating func shutDown() -> ShutDownAction {
        switch state {
        case .ready:
            state = .closing
            return .quit
        case .connecting, .authenticating:
            return .close
        case .closing, .closed:
            return .none
        }
    }

    /// The transport is gone.
    mutating func closed() -> ClosedAction {
        defer { state = .closed }
        return switch state {
        case .ready: .disconnect(isExpected: false)
        case .closing: .disconnect(isExpected: true)
        case .connecting, .authenticating, .closed: .none
        }
    }
}
