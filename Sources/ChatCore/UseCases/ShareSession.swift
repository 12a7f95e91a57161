/// Gives out leave to read a session.
public struct ShareSession: Sendable {
    private let shares: any ShareStore

    public init(shares: any ShareStore) {
        self.shares = shares
    }

    public struct Request: Hashable, Sendable {
        /// In whole milliseconds, as it is told back.
        public var expiresAt: Timestamp?

        /// - Parameter body: `nil` when the request has none: the share never expires.
        /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
        public init(body: JSONValue?, now: Timestamp = .now) throws(ChatError) {
            guard let body else { return }
            var reader = try ObjectReader(body)
            expiresAt = Self(from: &reader, now: now).expiresAt
            try reader.finish()
        }

        /// Reads the fields; what is wrong with them is told when reading is finished.
        init(from reader: inout ObjectReader, now: Timestamp = .now) {
            guard let text = reader.string("expires_at", maximumBytes: 64) else { return }
            guard let time = Timestamp(rfc3339: text) else {
                reader.refuse("expires_at", "A time in the format of RFC 3339 is expected.", .malformed)
                return
            }
            expiresAt = Timestamp(microsecondsSince1970: time.millisecondsSince1970 * 1000)
            if time.millisecondsSince1970 <= now.millisecondsSince1970 {
                reader.refuse("expires_at", "A time in the future is expected.", .outOfRange)
            }
        }
    }

    /// What the owner passes on.
    public struct Result: Sendable {
        public let id: ShareID
        public let token: ShareToken
        public let expiresAt: Timestamp?
    }

    /// - Parameter keyed: set when the request may be sent again: then there is one share, however often it is carried out,
    ///   and the token given out last is the one that counts.
    /// - Throws: ``ChatError``: `SESSION_NOT_FOUND`; `CONFLICT` when the session has too many shares in force already;
    ///   `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ request: Request,
        session: SessionID,
        caller: Caller,
        keyed: KeyedRequest? = nil
    ) async throws -> Result {
        let share = NewShare(
            clientID: caller.clientID,
            sessionID: session,
            id: keyed?.makeID() ?? .make(),
            token: .make(),
            expiresAt: request.expiresAt
        )
        switch try await shares.createShare(share) {
        case .created: return Result(id: share.id, token: share.token, expiresAt: share.expiresAt)
        case .sessionNotFound: throw ChatError.sessionNotFound(session)
        case .tooMany:
            throw ChatError(
                .conflict,
                "The session has too many shares in force; revoke one first.",
                resourceID: session.description
            )
        }
    }
}
