/// Keeps the order in which requests wait for streams to end (`on_busy: "enqueue"`), over all nodes.
///
/// A request gets its place, and keeps it, by the transactions that try to carry it out (``WaitingPlace``). A place lapses
/// when nobody tries any more, so that whoever waits behind a node that died goes on. The requests themselves are not
/// kept: they wait on the nodes that took them.
public protocol SendQueue: Sendable {
    /// Gives a place up; nothing when it is gone already.
    ///
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
    func leave(_ ticket: Int64, in line: WaitingLine) async throws
}

/// Where requests of one session wait for the same message.
///
/// Whoever waits for the leaf of the active path and whoever waits for the message that is this leaf wait for the same:
/// they come in the order in which they arrived, too.
public struct WaitingLine: Hashable, Sendable {
    /// How long a place holds without a sign of life: as long as the lease of a node is by default, so that nobody waits
    /// longer behind a node that died than for its streams.
    public static let placeSeconds = 8
    /// How many may wait in it.
    public static let maximumPlaces = 100

    /// The owner of the session.
    public var clientID: ClientID
    public var sessionID: SessionID
    /// What they are to hang under, or replace; `nil` for the leaf of the active path.
    public var messageID: MessageID?

    public init(clientID: ClientID, sessionID: SessionID, messageID: MessageID?) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.messageID = messageID
    }
}

/// What a request's transaction has to know of the line it would wait in.
public enum WaitingPlace: Hashable, Sendable {
    /// It has just come: everybody in the line comes first. It gets a place behind them when it cannot be carried out yet
    /// and there is one.
    case arriving(WaitingLine)
    /// It stands in the line: those with lower tickets come first. Its place is prolonged when it cannot be carried out
    /// yet, also one that had lapsed, and given up when it is.
    case waiting(WaitingLine, ticket: Int64)
}

/// Somebody who writes into a session that was shared with them (`contract/semantics.md`, 'Identity and authorization').
public struct Guest: Hashable, Sendable {
    public var clientID: ClientID
    public var shareID: ShareID

    public init(clientID: ClientID, shareID: ShareID) {
        self.clientID = clientID
        self.shareID = shareID
    }
}
