public import ChatCore
import Synchronization

/// An event log in memory.
public final class FakeEventLog: EventStore {
    private struct State {
        var events: [ClientID: [PushEvent]] = [:]
        var lastSeqs: [ClientID: Int64] = [:]
        var failure: ChatError?
        /// How often the end of the log was asked for.
        var looks = 0
        var watchers: [(looks: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// What is thrown instead of reading.
    public var failure: ChatError? {
        get { state.withLock { $0.failure } }
        set { state.withLock { $0.failure = newValue } }
    }

    /// Returns when the end of the log was asked for so often.
    public func waitForLooks(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isContent = state.withLock { state in
                let isContent = state.looks >= count
                if !isContent { state.watchers.append((count, continuation)) }
                return isContent
            }
            if isContent { continuation.resume() }
        }
    }

    public func append(_ count: Int = 1, to client: ClientID, createdAt: Timestamp = .now) {
        state.withLock { state in
            for _ in 0..<count {
                let seq = state.lastSeqs[client, default: 0] + 1
                state.lastSeqs[client] = seq
                state.events[client, default: []].append(
                    PushEvent(
                        clientID: client,
                        seq: seq,
                        kind: .sessionUpdated,
                        payload: "{\"number\":\(seq)}",
                        createdAt: createdAt
                    )
                )
            }
        }
    }

    /// Forgets an event, as the log does with old ones.
    public func drop(_ seq: Int64, of client: ClientID) {
        state.withLock { $0.events[client]?.removeAll { $0.seq == seq } }
    }

    public func lastSeqs(of clients: [ClientID]) async throws -> [ClientID: Int64] {
        let (result, watchers) = state.withLock { state in
            state.looks += 1
            let watchers = state.watchers.filter { $0.looks <= state.looks }
            state.watchers.removeAll { $0.looks <= state.looks }
            let lastSeqs = state.lastSeqs.filter { clients.contains($0.key) }
            return (state.failure.map { .failure($0) } ?? Result<_, ChatError>.success(lastSeqs), watchers)
        }
        for watcher in watchers { watcher.continuation.resume() }
        return try result.get()
    }

    public func events(of client: ClientID, after seq: Int64, limit: Int) async throws -> EventPage {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            let later = (state.events[client] ?? []).filter { $0.seq > seq }
            return EventPage(events: Array(later.prefix(limit)), reachesEnd: later.count <= limit)
        }
    }
}
