import DequeModule
import Synchronization

/// Lets one go at a time, in the order they came.
final class Turns: Sendable {
    /// The right to go; to be passed on once done with it.
    final class Turn: Sendable {
        private let turns: Turns
        private let isPassed = Atomic(false)

        fileprivate init(_ turns: Turns) {
            self.turns = turns
        }

        /// Lets the next one go; a second time does nothing.
        func pass() {
            if !isPassed.exchange(true, ordering: .acquiringAndReleasing) { turns.next() }
        }
    }

    private struct State {
        var isTaken = false
        var waiting: Deque<CheckedContinuation<Void, Never>> = []
    }

    private let state = Mutex(State())

    /// Returns when it is the caller's turn.
    func take() async -> Turn {
        await withCheckedContinuation { continuation in
            let isMine = state.withLock { state in
                if state.isTaken {
                    state.waiting.append(continuation)
                    return false
                }
                state.isTaken = true
                return true
            }
            if isMine { continuation.resume() }
        }
        return Turn(self)
    }

    private func next() {
        let next = state.withLock { state in
            let next = state.waiting.popFirst()
            if next == nil { state.isTaken = false }
            return next
        }
        next?.resume()
    }
}
