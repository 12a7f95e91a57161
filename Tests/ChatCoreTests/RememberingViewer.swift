import Synchronization

@testable import ChatCore

/// Remembers what it is shown, and takes as much as the test wants it.
final class RememberingViewer: StreamViewer {
    private struct State {
        var delivered: [String] = []
        var indexes: [Int] = []
        var snapshots: [(content: [ContentPart], nextChunk: Int)] = []
        var outcomes: [StreamOutcome] = []
        var room = Int.max
        var seat: StreamSeat?
        var isGone = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>
    private let news: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    /// - Parameter room: how many chunks it takes before it is full.
    init(room: Int = .max) {
        state = Mutex(State(room: room))
        (news, change) = AsyncStream.makeStream()
    }

    /// What was delivered as chunks.
    var delivered: [String] { state.withLock { $0.delivered } }
    var indexes: [Int] { state.withLock { $0.indexes } }
    var snapshots: [(content: [ContentPart], nextChunk: Int)] { state.withLock { $0.snapshots } }
    var ends: [Message.State] {
        state.withLock { state in
            state.outcomes.compactMap { if case .ended(let result, _) = $0 { result.state } else { nil } }
        }
    }
    var errors: [ChatError.Code] {
        state.withLock { state in
            state.outcomes.compactMap { if case .ended(_, let error) = $0 { error?.code } else { nil } }
        }
    }
    var wasTakenOver: Bool {
        state.withLock { state in state.outcomes.contains { if case .takenOver = $0 { true } else { false } } }
    }

    var wasDismissed: Bool {
        state.withLock { state in state.outcomes.contains { if case .gone = $0 { true } else { false } } }
    }

    /// The text as a client would put it together.
    var text: String {
        state.withLock { state in
            var text = ""
            if let snapshot = state.snapshots.last {
                for case .text(let part) in snapshot.content { text += part }
            }
            let first = state.snapshots.last?.nextChunk ?? 0
            for (index, chunk) in zip(state.indexes, state.delivered) where index >= first { text += chunk }
            return text
        }
    }

    func waitForChunk(_ index: Int) async { await wait { $0.indexes.contains(index) } }
    func waitForSnapshot() async { await wait { !$0.snapshots.isEmpty } }
    func waitForEnd() async { await wait { !$0.outcomes.isEmpty } }

    private func wait(_ isThere: (borrowing State) -> Bool) async {
        if state.withLock({ isThere($0) }) { return }
        for await _ in news where state.withLock({ isThere($0) }) { return }
    }

    /// Can take `count` chunks more.
    func makeRoom(_ count: Int) {
        let (seat, waiter) = state.withLock { state in
            state.room = count
            defer { state.waiter = nil }
            return (state.seat, state.waiter)
        }
        waiter?.resume()
        seat?.hasRoom()
    }

    func leave() {
        let (seat, waiter) = state.withLock { state in
            state.isGone = true
            defer { state.waiter = nil }
            return (state.seat, state.waiter)
        }
        waiter?.resume()
        seat?.leave()
    }

    // MARK: StreamViewer

    func seated(_ seat: StreamSeat) { state.withLock { $0.seat = seat } }

    func deliver(_ json: String, index: Int) -> Bool {
        defer { change.yield() }
        return state.withLock { state in
            state.delivered.append(json)
            state.indexes.append(index)
            state.room -= 1
            return state.room > 0
        }
    }

    func deliver(snapshot: [ContentPart], nextChunk: Int) -> Bool {
        defer { change.yield() }
        return state.withLock { state in
            state.snapshots.append((snapshot, nextChunk))
            state.room -= 1
            return state.room > 0
        }
    }

    func ended(_ outcome: StreamOutcome) {
        state.withLock { $0.outcomes.append(outcome) }
        change.yield()
    }

    func dismiss() {
        leave()
        ended(.gone)
    }

    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.room > 0 || state.isGone { return true }
                state.waiter = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    var isGone: Bool { state.withLock { $0.isGone } }
}
