/// Leave to read a session, given by its owner to whoever holds the token.
public struct Share: Hashable, Sendable {
    /// Most shares of one session that are in force at once.
    public static let maximumPerSession = 100

    /// Names the share where its token must not or cannot be told.
    public var id: ShareID
    public var createdAt: Timestamp
    /// `nil` when it ends only by being revoked.
    public var expiresAt: Timestamp?

    public init(id: ShareID, createdAt: Timestamp, expiresAt: Timestamp?) {
        self.id = id
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// How the owner sees it: the token is not known any more.
    public var json: JSONValue {
        [
            "share_id": .string(id.description),
            "created_at": .string(createdAt.description),
            "expires_at": expiresAt.map { .string($0.description) } ?? .null,
        ]
    }
}

public typealias ShareID = EntityID<Share>

/// What a share can be revoked by.
public enum ShareReference: Hashable, Sendable {
    case token(ShareToken)
    case id(ShareID)

    /// `nil` for what is neither.
    public init?(_ text: some StringProtocol) {
        if let token = ShareToken(text) {
            self = .token(token)
        } else if let id = ShareID(text) {
            self = .id(id)
        } else {
            return nil
        }
    }
}
