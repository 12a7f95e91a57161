import ChatCore
import Synchronization

/// What the fakes hold, and the error they throw instead of working when one is set.
final class FakeDatabase: Sendable {
    struct Content {
        var sessionTypes: [SessionType] = []
        var sessions: [Session] = []
        var messages: [Message] = []
        var streaming: Set<MessageID> = []
        var failure: (any Error)?
        /// The last query for messages.
        var messageQuery: MessageQuery?
        /// The last page of sessions asked for.
        var sessionPage: (limit: Int, cursor: PageCursor?)?
        /// The last page of variants asked for.
        var variantPage: (limit: Int, cursor: PageCursor?)?
        var nextCursor: PageCursor?
    }

    private let content = Mutex(Content())

    func use<Result: Sendable>(_ body: (inout sending Content) throws -> sending Result) throws -> Result {
        try content.withLock { content in
            if let failure = content.failure { throw failure }
            return try body(&content)
        }
    }

    func change(_ body: (inout sending Content) -> Void) {
        content.withLock { body(&$0) }
    }

    func read<Result: Sendable>(_ body: (Content) -> Result) -> Result {
        content.withLock { body($0) }
    }
}

struct FakeSessionTypes: SessionTypeStore {
    let database: FakeDatabase

    func createSessionType(_ type: SessionType) async throws {
        try database.use { content in
            guard !content.sessionTypes.contains(where: { $0.id == type.id }) else {
                throw ChatError(.conflict, "The id is taken.", resourceID: type.id.description)
            }
            content.sessionTypes.append(type)
        }
    }

    func sessionType(_ id: SessionTypeID) async throws -> SessionType? {
        try database.use { content in content.sessionTypes.first { $0.id == id } }
    }

    func sessionTypes() async throws -> [SessionType] {
        try database.use { $0.sessionTypes }
    }

    func replaceSessionType(_ type: SessionType) async throws -> Bool {
        try database.use { content in
            guard let index = content.sessionTypes.firstIndex(where: { $0.id == type.id }) else { return false }
            content.sessionTypes[index] = type
            return true
        }
    }

    func deleteSessionType(_ id: SessionTypeID) async throws -> SessionTypeDeletion {
        try database.use { content in
            guard let index = content.sessionTypes.firstIndex(where: { $0.id == id }) else { return .unknown }
            guard !content.sessions.contains(where: { $0.sessionTypeID == id }) else { return .inUse }
            content.sessionTypes.remove(at: index)
            return .deleted
        }
    }
}

struct FakeSessions: SessionStore {
    let database: FakeDatabase

    func createSession(_ session: Session) async throws -> Session {
        try database.use { content in
            let stored = content.sessions.first { $0.id == session.id && $0.clientID == session.clientID }
            if stored == nil { content.sessions.append(session) }
            return stored ?? session
        }
    }

    func session(_ id: SessionID, of client: ClientID) async throws -> Session? {
        try database.use { content in content.sessions.first { $0.id == id && $0.clientID == client } }
    }

    func sessionWithType(_ id: SessionID, of client: ClientID) async throws -> (session: Session, type: SessionType)? {
        nil
    }

    func sessions(of client: ClientID, limit: Int, after cursor: PageCursor?) async throws -> Page<Session> {
        try database.use { content in
            content.sessionPage = (limit, cursor)
            let sessions = content.sessions.filter { $0.clientID == client }
            return Page(elements: Array(sessions.prefix(limit)), nextCursor: content.nextCursor)
        }
    }
}

struct FakeMessages: MessageStore {
    let database: FakeDatabase

    func messages(_ query: MessageQuery) async throws -> Page<Message>? {
        try database.use { content in
            content.messageQuery = query
            guard content.sessions.contains(where: { $0.id == query.sessionID && $0.clientID == query.clientID }) else {
                return nil
            }
            let messages = content.messages.filter { $0.sessionID == query.sessionID }
            return Page(elements: Array(messages.prefix(query.limit)), nextCursor: content.nextCursor)
        }
    }

    func message(_ id: MessageID, of client: ClientID) async throws -> Message? {
        try database.use { content in content.messages.first { $0.id == id && $0.authorID == client.rawValue } }
    }

    func beginExchange(_ exchange: NewExchange) async throws -> ExchangeOutcome { .sessionNotFound }

    func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool { false }

    func finishStream(_ end: StreamEnd) async throws -> Message? { nil }
}

/// Streams whose owner is dead: stopping closes them.
struct FakeLeases: StreamLeaseStore {
    let database: FakeDatabase

    func renewLease(of node: Node, seconds: Int) async throws -> [StopRequest] { [] }

    func endLease(of node: NodeID) async throws {}

    func requestStop(of message: MessageID, client: ClientID) async throws -> StopTarget {
        try database.use { content in
            guard content.messages.contains(where: { $0.id == message && $0.authorID == client.rawValue }) else {
                return .messageNotFound
            }
            return content.streaming.contains(message) ? .orphaned : .ended(.complete)
        }
    }

    func closeOrphan(_ message: MessageID, client: ClientID) async throws -> ClosedStream? {
        try database.use { content in
            content.streaming.remove(message)
            return content.messages.first { $0.id == message }.map { closed in
                ClosedStream(clientID: client, sessionID: closed.sessionID, messageID: closed.id)
            }
        }
    }

    func closeOrphans(limit: Int) async throws -> [ClosedStream] { [] }

    func closeForgotten(
        of node: NodeID,
        running: [MessageID],
        after seconds: Int,
        limit: Int
    ) async throws -> [ClosedStream] { [] }
}
