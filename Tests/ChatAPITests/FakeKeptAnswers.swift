import ChatCore
import Foundation
import Synchronization

/// Kept answers in memory. A lease ends when the test says so.
final class FakeKeptAnswers: KeptAnswerStore {
    private struct Place: Hashable {
        let clientID: ClientID
        let key: [UInt8]
    }

    private struct Row {
        var digest: [UInt8]
        var since: Timestamp
        var holder: UUID?
        var hasLapsed = false
        var answer: [UInt8]?
    }

    private struct State {
        var rows: [Place: Row] = [:]
        var failure: ChatError?
    }

    /// What happens here, for tests to await.
    enum Event: Hashable, Sendable {
        case claimed, waiting, renewed, kept, released
    }

    let events: AsyncStream<Event>
    private let tell: AsyncStream<Event>.Continuation
    private let state = Mutex(State())

    init() {
        (events, tell) = AsyncStream.makeStream()
    }

    var answers: [[UInt8]] { state.withLock { $0.rows.values.compactMap(\.answer) } }
    var count: Int { state.withLock { $0.rows.count } }

    func fail(with error: ChatError?) { state.withLock { $0.failure = error } }

    /// As if every holder had died.
    func endLeases() {
        state.withLock { state in
            for place in state.rows.keys { state.rows[place]?.hasLapsed = true }
        }
    }

    /// As if every node had died before it kept its answer.
    func forgetAnswers() {
        state.withLock { state in
            for place in state.rows.keys {
                state.rows[place]?.answer = nil
                state.rows[place]?.hasLapsed = true
            }
        }
    }

    func claim(_ request: RepeatableRequest, by holder: UUID, leaseSeconds: Int) async throws -> AnswerClaim {
        let claim: AnswerClaim = try state.withLock { state in
            if let failure = state.failure { throw failure }
            let place = Place(clientID: request.clientID, key: request.key)
            if let row = state.rows[place] {
                guard row.digest == request.digest else { return .keyReused }
                if let answer = row.answer { return .answered(answer) }
                guard row.hasLapsed else { return .running }
            }
            let since = state.rows[place]?.since ?? .now
            state.rows[place] = Row(digest: request.digest, since: since, holder: holder)
            return .claimed(since: since)
        }
        if case .claimed = claim { tell.yield(.claimed) }
        if claim == .running { tell.yield(.waiting) }
        return claim
    }

    func renewClaim(on request: RepeatableRequest, by holder: UUID, leaseSeconds: Int) async throws -> Bool {
        tell.yield(.renewed)
        return change(request, by: holder) { _ in }
    }

    func keep(_ answer: [UInt8], to request: RepeatableRequest, by holder: UUID) async throws -> Bool {
        let isKept = change(request, by: holder) { row in
            row?.answer = answer
            row?.holder = nil
        }
        tell.yield(.kept)
        return isKept
    }

    func releaseClaim(on request: RepeatableRequest, by holder: UUID) async throws {
        _ = change(request, by: holder) { $0?.hasLapsed = true }
        tell.yield(.released)
    }

    private func change(_ request: RepeatableRequest, by holder: UUID, _ body: (inout Row?) -> Void) -> Bool {
        state.withLock { state in
            let place = Place(clientID: request.clientID, key: request.key)
            guard state.rows[place]?.holder == holder else { return false }
            body(&state.rows[place])
            return true
        }
    }
}
