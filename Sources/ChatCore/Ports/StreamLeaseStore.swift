/// Knows which node runs which stream, and which nodes are alive. Every method throws ``ChatError``
/// `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol StreamLeaseStore: Sendable {
    /// Makes or renews the lease of a node for `seconds` from the database's now, and returns the streams of this node
    /// that somebody asked to stop.
    func renewLease(of node: Node, seconds: Int) async throws -> [StopRequest]

    /// Ends the node's lease; streams it still owns become orphans at once.
    func endLease(of node: NodeID) async throws

    /// Notes that a stream is to be stopped, where its owner finds it even without a bus.
    func requestStop(of message: MessageID, client: ClientID) async throws -> StopTarget

    /// Ends one stream whose owner's lease has run out as `interrupted`, with its last checkpoint and its push event.
    ///
    /// - Returns: `nil` when the stream has ended already or its owner is alive.
    func closeOrphan(_ message: MessageID, client: ClientID) async throws -> ClosedStream?

    /// Ends up to `limit` streams whose owner's lease has run out, as ``closeOrphan(_:client:)`` does, sharing the work
    /// with whoever does the same at the same time.
    func closeOrphans(limit: Int) async throws -> [ClosedStream]

    /// Ends, as ``closeOrphan(_:client:)`` does, up to `limit` streams of this node that began more than `seconds` ago and
    /// are not among those it is `running`: their commit was never confirmed to the node, so nobody generates them.
    func closeForgotten(
        of node: NodeID,
        running: [MessageID],
        after seconds: Int,
        limit: Int
    ) async throws -> [ClosedStream]
}

/// A stream that was closed in place of its owner: of an answer, or of a summary.
public struct ClosedStream: Hashable, Sendable {
    public var clientID: ClientID
    public var sessionID: SessionID
    public var messageID: MessageID

    public init(clientID: ClientID, sessionID: SessionID, messageID: MessageID) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.messageID = messageID
    }
}

/// A stream somebody wants stopped.
public struct StopRequest: Hashable, Sendable {
    public var clientID: ClientID
    public var messageID: MessageID

    public init(clientID: ClientID, messageID: MessageID) {
        self.clientID = clientID
        self.messageID = messageID
    }
}

/// What a stop is aimed at.
public enum StopTarget: Hashable, Sendable {
    /// Running on this node, whose lease is in force.
    case running(on: NodeID)
    /// Running, but its owner's lease has run out.
    case orphaned
    /// The message exists and is not streaming.
    case ended(Message.State)
    case messageNotFound
}
