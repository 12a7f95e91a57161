/// Who makes a request, as the token says.
public struct Caller: Hashable, Sendable {
    public let clientID: ClientID
    /// The token carries the scope `chat-engine:admin`.
    public let isAdministrator: Bool
    /// When the token ends.
    public let expiresAt: Timestamp

    public init(clientID: ClientID, isAdministrator: Bool, expiresAt: Timestamp) {
        self.clientID = clientID
        self.isAdministrator = isAdministrator
        self.expiresAt = expiresAt
    }
}
