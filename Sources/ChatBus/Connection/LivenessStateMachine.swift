import NIOCore

/// Notices a server that is connected but silent.
///
/// Everything received is a sign of life; after a silence of `interval` a `PING` is sent, and a further silence of
/// `timeout` is the end. So a frozen server is left at most `interval + timeout` after its last byte.
struct LivenessStateMachine {
    enum State: Hashable {
        /// The handshake must be over at `deadline`. Exits: `idle`, or the end.
        case connecting(deadline: NIODeadline)
        /// Nothing is owed. Exit: `awaitingPong`.
        case idle
        /// A ping was sent. Exits: `idle`, or the end.
        case awaitingPong(deadline: NIODeadline)
    }

    enum Action: Hashable {
        case wait(until: NIODeadline)
        case ping(thenWaitUntil: NIODeadline)
        case close(RedisConnectionError)
    }

    private(set) var state: State
    private var lastHeard: NIODeadline
    private let interval: TimeAmount
    private let timeout: TimeAmount

    init(now: NIODeadline, connectTimeout: TimeAmount, interval: TimeAmount, timeout: TimeAmount) {
        self.state = .connecting(deadline: now + connectTimeout)
        self.lastHeard = now
        self.interval = interval
        self.timeout = timeout
    }

    /// The handshake is over.
    mutating func becameReady(at now: NIODeadline) {
        state = .idle
        lastHeard = now
    }

    /// Bytes arrived.
    mutating func heard(at now: NIODeadline) {
        lastHeard = now
        if case .awaitingPong = state { state = .idle }
    }

    /// Asked at the start and whenever the wait it named last is over.
    mutating func check(at now: NIODeadline) -> Action {
        switch state {
        case .connecting(let deadline):
            return now < deadline ? .wait(until: min(deadline, now + interval)) : .close(.connectTimedOut)
        case .idle where now < lastHeard + interval:
            return .wait(until: lastHeard + interval)
        case .idle:
            state = .awaitingPong(deadline: now + timeout)
            return .ping(thenWaitUntil: now + timeout)
        case .awaitingPong(let deadline):
            return now < deadline ? .wait(until: deadline) : .close(.pingTimedOut)
        }
    }
}
