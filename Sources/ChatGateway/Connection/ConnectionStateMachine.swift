import ChatCore
import ChatRuntime

/// The life of one WebSocket connection: who it belongs to, what it may do now, and that it is closed once.
///
/// A value-type machine without I/O; times are handed in.
struct ConnectionStateMachine: Sendable {
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

    enum TokenRefusalAction: Equatable {
        /// The connection goes on with the token it has.
        case tell
        case close(CloseCode)
        case none
    }

    enum StreamAction: Equatable {
        case begin
        case refuse
    }

    enum MessageAction: Equatable {
        case take
        /// The client sends too fast.
        case refuse
        /// It has been told so often enough.
        case refuseAndClose
        /// The connection closes.
        case none
    }

    enum BadInputAction: Equatable {
        case answer
        case close(CloseCode)
        case none
    }

    private let maximumStreams: Int
    private var state: State
    private var streams = 0
    private var rate: MessageRate
    private var refusals: RecentEvents
    private var badInputs: RecentEvents
    private var lastHeardOf: Timestamp

    init(maximumStreams: Int, limits: GatewayConfiguration.ConnectionLimits, now: Timestamp) {
        self.maximumStreams = maximumStreams
        self.rate = MessageRate(perSecond: limits.maximumMessagesPerSecond)
        self.refusals = RecentEvents(
            maximum: limits.maximumRefusedMessages,
            window: .seconds(limits.refusedMessagesWindowSeconds)
        )
        self.badInputs = RecentEvents(
            maximum: limits.maximumBadInputs,
            window: .seconds(limits.badInputWindowSeconds)
        )
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

    /// A token was found bad, or could not be checked: then a connection that has one already keeps it until it runs out.
    mutating func tokenRefused(_ code: ChatError.Code) -> TokenRefusalAction {
        switch (state, code) {
        case (.closing, _): return .none
        case (.open, let code) where code != .authRequired: return .tell
        case (.open, _), (.awaitingToken, _): break
        }
        state = .closing
        switch code {
        case .authRequired: return .close(.unauthenticated)
        case .serviceUnavailable: return .close(.overloaded)
        default: return .close(.internalError)
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

    /// To be asked before anything is done with a message.
    mutating func messageArrived(now: ContinuousClock.Instant) -> MessageAction {
        guard !isClosing else { return .none }
        guard !rate.admits(now) else { return .take }
        return refusals.add(now) ? .refuseAndClose : .refuse
    }

    mutating func badInputArrived(now: ContinuousClock.Instant) -> BadInputAction {
        guard !isClosing else { return .none }
        guard badInputs.add(now) else { return .answer }
        state = .closing
        return .close(.policyViolation)
    }

    /// The connection is to be closed. `false` when that is under way already.
    mutating func close() -> Bool {
        guard !isClosing else { return false }
        state = .closing
        return true
    }
}
