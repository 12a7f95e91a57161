/// Keeps who may read a session by a token. Tokens are kept as their SHA-256 alone.
///
/// Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol ShareStore: Sendable {
    /// Makes a share, unless ``Share/maximumPerSession`` are in force.
    func createShare(_ share: NewShare) async throws -> ShareCreation

    /// Those in force, newest first; `nil` when the client has no such session.
    func shares(of session: SessionID, client: ClientID) async throws -> [Share]?

    /// Ends a share that is in force, from this moment on.
    func revokeShare(
        _ reference: ShareReference,
        of session: SessionID,
        client: ClientID
    ) async throws -> ShareRevocation

    /// The session that a token opens, found by the hash of the token; its `clientID` is the owner.
    ///
    /// - Returns: `nil` when the token is unknown, revoked or expired, or the session deleted.
    func session(sharedBy token: ShareToken) async throws -> SharedSession?
}

/// A share to be made.
public struct NewShare: Sendable {
    public var clientID: ClientID
    public var sessionID: SessionID
    public var id: ShareID
    public var token: ShareToken
    public var expiresAt: Timestamp?

    public init(clientID: ClientID, sessionID: SessionID, id: ShareID, token: ShareToken, expiresAt: Timestamp?) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.id = id
        self.token = token
        self.expiresAt = expiresAt
    }
}

/// A session, and the share that opened it.
public struct SharedSession: Sendable {
    public var session: Session
    public var shareID: ShareID

    public init(session: Session, shareID: ShareID) {
        self.session = session
        self.shareID = shareID
    }
}

public enum ShareCreation: Sendable {
    case created
    case sessionNotFound
    /// The session has as many shares as it may have.
    case tooMany
}

public enum ShareRevocation: Sendable {
    case revoked
    case sessionNotFound
    /// No share of this session, or none that is in force.
    case shareNotFound
}
