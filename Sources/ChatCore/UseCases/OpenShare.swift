/// Finds what a share token opens: the one place that decides whether a token is good.
public struct OpenShare: Sendable {
    private let shares: any ShareStore

    public init(shares: any ShareStore) {
        self.shares = shares
    }

    /// - Returns: the session; its `clientID` is the owner, whom strangers need not know.
    /// - Throws: ``ChatError`` `NOT_FOUND`, the same for a token that is malformed, unknown, revoked or expired and for a
    ///   session that is deleted; `SERVICE_UNAVAILABLE`.
    public func callAsFunction(_ token: some StringProtocol) async throws -> Session {
        guard let token = ShareToken(token), let session = try await shares.session(sharedBy: token)?.session else {
            throw ChatError.shareNotFound
        }
        return session
    }
}

extension ChatError {
    /// Names no resource: that would be the secret itself.
    public static var shareNotFound: ChatError { ChatError(.notFound, "There is no such share.") }
}
