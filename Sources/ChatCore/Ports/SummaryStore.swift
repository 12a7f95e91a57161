/// Keeps runs of `session.summarize`. The end of a run that is `complete` puts its text into `metadata.summary` of the
/// session, with its `session.updated` event, in the same transaction. Errors as in ``MessageStore``; an end that makes the
/// metadata too large is `INTERNAL_ERROR`, and nothing was written.
public protocol SummaryStore: StreamStore {
    /// Writes a running summary with its lease, and reads what is to be summarized.
    func beginSummary(_ summary: NewSummary) async throws -> SummaryOutcome
}

/// A summary to be run.
public struct NewSummary: Sendable {
    public var clientID: ClientID
    public var sessionID: SessionID
    public var summaryID: MessageID
    /// The node that will run the stream.
    public var nodeID: NodeID
    /// How many of the newest messages of the active path to return as history; `nil` for all.
    public var historyLimit: Int?
    public var idempotency: IdempotencyKey

    public init(
        clientID: ClientID,
        sessionID: SessionID,
        summaryID: MessageID,
        nodeID: NodeID,
        historyLimit: Int?,
        idempotency: IdempotencyKey
    ) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.summaryID = summaryID
        self.nodeID = nodeID
        self.historyLimit = historyLimit
        self.idempotency = idempotency
    }
}

public enum SummaryOutcome: Sendable {
    /// Committed, with the active path, oldest first.
    case begun(history: [Message])
    /// The same request came before; this was its run.
    case repeated(summaryID: MessageID)
    /// The key was used for another request.
    case keyReused
    case sessionNotFound
}
