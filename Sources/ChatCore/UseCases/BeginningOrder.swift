internal import Synchronization

/// The order in which the requests of one connection are begun: those for one session as they came, those for different
/// sessions side by side.
///
/// Which session a request is for may have to be looked up first; until then, nobody who came later goes ahead of it.
public final class BeginningOrder: Sendable {
    private struct Entry {
        let number: Int
        /// `nil` until it is known.
        var session: SessionID?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private struct State {
        /// In the order they came; as many as the connection may have streams.
        var entries: [Entry] = []
        var lastNumber = 0

        /// Whether everybody who came earlier is for another session.
        func hasTurn(_ index: Int) -> Bool {
            let session = entries[index].session
            return entries[..<index].allSatisfy { $0.session != nil && $0.session != session }
        }

        /// Takes out those who wait no longer.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            entries.indices.compactMap { index in
                guard entries[index].waiter != nil, hasTurn(index) else { return nil }
                defer { entries[index].waiter = nil }
                return entries[index].waiter
            }
        }
    }

    private let state = Mutex(State())

    public init() {}

    /// Takes a place behind everybody who came before; ``BeginningTurn/over()`` gives it back.
    ///
    /// - Parameter session: `nil` when it is not known yet.
    public func enter(_ session: SessionID?) -> BeginningTurn {
        let number = state.withLock { state in
            state.lastNumber += 1
            state.entries.append(Entry(number: state.lastNumber, session: session))
            return state.lastNumber
        }
        return BeginningTurn(order: self, number: number)
    }

    fileprivate func wait(_ number: Int, for session: SessionID) async {
        await withCheckedContinuation { continuation in
            let admitted = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                guard let index = state.entries.firstIndex(where: { $0.number == number }) else {
                    return [continuation]
                }
                state.entries[index].session = session
                state.entries[index].waiter = continuation
                return state.admit()
            }
            for waiter in admitted { waiter.resume() }
        }
    }

    fileprivate func end(_ number: Int) {
        let admitted = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.entries.removeAll { $0.number == number }
            return state.admit()
        }
        for waiter in admitted { waiter.resume() }
    }
}

/// The place of one request in a ``BeginningOrder``.
public struct BeginningTurn: Sendable {
    fileprivate let order: BeginningOrder
    fileprivate let number: Int

    /// Says which session the request is for, and returns when all that came before it for that session are begun, are
    /// refused, or have a place in a line. Cancellation does not end the waiting.
    public func comes(in session: SessionID) async { await order.wait(number, for: session) }

    /// The request is begun, is refused, or has a place in a line. A second time does nothing.
    public func over() { order.end(number) }
}
