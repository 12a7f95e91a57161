import ChatCore
import Synchronization

/// Shares in memory, of the sessions in a fake database. It keeps whole tokens; that only hashes are kept is the real
/// store's to prove.
final class FakeShares: ShareStore {
    struct Row {
        var clientID: ClientID
        var sessionID: SessionID
        var token: ShareToken
        var share: Share
    }

    private let database: FakeDatabase
    private let rows = Mutex<[Row]>([])

    init(database: FakeDatabase) {
        self.database = database
    }

    var count: Int { rows.withLock { $0.count } }

    func add(_ row: Row) { rows.withLock { $0.append(row) } }

    func createShare(_ share: NewShare) async throws -> ShareCreation {
        guard try hasSession(share.sessionID, of: share.clientID) else { return .sessionNotFound }
        return rows.withLock { rows in
            guard rows.count < Share.maximumPerSession else { return .tooMany }
            rows.append(
                Row(
                    clientID: share.clientID,
                    sessionID: share.sessionID,
                    token: share.token,
                    share: Share(id: share.id, createdAt: Sample.moment, expiresAt: share.expiresAt)
                )
            )
            return .created
        }
    }

    func shares(of session: SessionID, client: ClientID) async throws -> [Share]? {
        guard try hasSession(session, of: client) else { return nil }
        return rows.withLock { rows in rows.filter { $0.sessionID == session }.map(\.share) }
    }

    func revokeShare(
        _ reference: ShareReference,
        of session: SessionID,
        client: ClientID
    ) async throws -> ShareRevocation {
        guard try hasSession(session, of: client) else { return .sessionNotFound }
        return rows.withLock { rows in
            let index = rows.firstIndex { row in
                row.sessionID == session && (reference == .token(row.token) || reference == .id(row.share.id))
            }
            guard let index else { return .shareNotFound }
            rows.remove(at: index)
            return .revoked
        }
    }

    func session(sharedBy token: ShareToken) async throws -> SharedSession? {
        let row = rows.withLock { rows in
            rows.first { $0.token == token && $0.share.expiresAt.map { $0 > .now } ?? true }
        }
        guard let row else { return nil }
        let session = try database.use { content in content.sessions.first { $0.id == row.sessionID } }
        return session.map { SharedSession(session: $0, shareID: row.share.id) }
    }

    private func hasSession(_ id: SessionID, of client: ClientID) throws -> Bool {
        try database.use { content in content.sessions.contains { $0.id == id && $0.clientID == client } }
    }
}
