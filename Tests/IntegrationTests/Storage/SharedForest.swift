import ChatCore
import Synchronization
import TestSupport

/// What the writers of a random tree test know of the sessions they share; it may be out of date at any moment.
final class SharedForest: Sendable {
    private struct State {
        var sessions: [SessionID] = []
        var messages: [SessionID: [MessageID]] = [:]
        var guests: [SessionID: [Guest]] = [:]
        var deleted = 0
    }

    private let state = Mutex(State())

    var deleted: Int { state.withLock { $0.deleted } }

    func add(_ session: SessionID) {
        state.withLock { $0.sessions.append(session) }
    }

    func add(_ messages: [MessageID], to session: SessionID) {
        state.withLock { $0.messages[session, default: []] += messages }
    }

    /// Puts a new session in the place of one that was deleted.
    func replace(_ session: SessionID, by successor: SessionID) {
        state.withLock { state in
            state.deleted += 1
            state.messages[session] = nil
            state.guests[session] = nil
            state.sessions.removeAll { $0 == session }
            state.sessions.append(successor)
        }
    }

    func add(_ guest: Guest, to session: SessionID) {
        state.withLock { $0.guests[session, default: []].append(guest) }
    }

    func remove(_ guest: Guest, from session: SessionID) {
        state.withLock { $0.guests[session]?.removeAll { $0 == guest } }
    }

    func randomGuest(of session: SessionID, using generator: inout SeededGenerator) -> Guest? {
        let guests = state.withLock { $0.guests[session] ?? [] }
        return guests.randomElement(using: &generator)
    }

    func randomSession(using generator: inout SeededGenerator) -> SessionID? {
        let sessions = state.withLock { $0.sessions }
        return sessions.randomElement(using: &generator)
    }

    func randomMessage(of session: SessionID, using generator: inout SeededGenerator) -> MessageID? {
        let messages = state.withLock { $0.messages[session] ?? [] }
        return messages.randomElement(using: &generator)
    }
}
