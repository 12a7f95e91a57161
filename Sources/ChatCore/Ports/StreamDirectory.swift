/// Finds streams, running or ended, for those who may watch them. Every method throws ``ChatError``
/// `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol StreamDirectory: Sendable {
    /// The message, or the run of a summary, with this id.
    ///
    /// - Returns: `nil` when there is none that `reader` may see. May see it: the owner of its session; of an answer in a
    ///   guest's branch also the guest (``Guest``) who asked for it, for as long as that share is in force.
    func stream(_ id: MessageID, for reader: ClientID) async throws -> KnownStream?

    /// Whose session a message of a guest's branch is in; `nil` when it is none of this guest's, or the share it was
    /// written by is no longer in force.
    func owner(ofMessage id: MessageID, by guest: ClientID) async throws -> ClientID?
}

/// A stream as the database knows it.
public struct KnownStream: Sendable {
    public enum Progress: Hashable, Sendable {
        /// On this node, as far as its lease is in force (`isAlive`).
        case running(on: NodeID, isAlive: Bool)
        case ended
    }

    /// The owner of the session.
    public var clientID: ClientID
    public var sessionID: SessionID
    public var messageID: MessageID
    public var progress: Progress
    /// Of a running stream its last checkpoint, in state `streaming`.
    public var result: StreamResult

    public init(
        clientID: ClientID,
        sessionID: SessionID,
        messageID: MessageID,
        progress: Progress,
        result: StreamResult
    ) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.messageID = messageID
        self.progress = progress
        self.result = result
    }
}
