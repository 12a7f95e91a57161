import Synchronization

/// What the operations of the first protocol share on one connection: so many run at once, and their answers are sent
/// one after the other, each when the client has taken the one before. A client that takes nothing is owed one answer
/// for each of its operations, and no more of them are begun.
final class LegacyLane: Sendable {
    private struct State {
        var running = 0
        /// Made for the first answer.
        var flow: StreamFlow?
    }

    private let maximum: Int
    private let state = Mutex(State())
    private let turns = Turns()

    /// - Parameter maximum: how many operations may run at once.
    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Whether one more operation may run; if so, ``ended()`` gives the place back.
    func begin() -> Bool {
        state.withLock { state in
            guard state.running < maximum else { return false }
            state.running += 1
            return true
        }
    }

    func ended() { state.withLock { $0.running -= 1 } }

    /// Waits for its turn, and returns when the client has taken (most of) the answer or the connection is gone.
    ///
    /// - Parameters:
    ///   - makeFlow: makes what all answers of the connection are counted by; called once.
    ///   - write: hands the answer to whatever tells the flow when it is taken.
    func send(
        _ text: [UInt8],
        over makeFlow: () -> StreamFlow,
        write: ([UInt8], StreamFlow) -> Void
    ) async {
        let turn = await turns.take()
        defer { turn.pass() }
        let flow = state.withLock { state in
            let flow = state.flow ?? makeFlow()
            state.flow = flow
            return flow
        }
        let hasRoom = flow.given(text.count)
        write(text, flow)
        if !hasRoom { await flow.waitForRoom() }
    }
}
