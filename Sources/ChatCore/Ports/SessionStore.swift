/// Keeps sessions. Every look-up is by owner and id, so that a foreign session and an unknown one cannot be told apart.
/// Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol SessionStore: Sendable {
    /// Stores a new session with no messages. A session begins without a push event.
    ///
    /// - Returns: the session as it is stored: the client's session with this id, if there is one already.
    @discardableResult
    func createSession(_ session: Session) async throws -> Session

    func session(_ id: SessionID, of client: ClientID) async throws -> Session?

    /// The session and its type, in one look.
    func sessionWithType(_ id: SessionID, of client: ClientID) async throws -> (session: Session, type: SessionType)?

    /// Newest activity first; `limit` 1…100.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` for a cursor that is not one of this list.
    func sessions(of client: ClientID, limit: Int, after cursor: PageCursor?) async throws -> Page<Session>
}
