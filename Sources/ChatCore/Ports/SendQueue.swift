/// Keeps the order in which requests wait for streams to end (`on_busy: "enqueue"`), over all nodes.
///
/// A place lapses unless it is renewed, so that whoever waits behind a node that died goes on. The requests themselves are
/// not kept: they wait on the nodes that took them. Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the
/// database is out of reach.
public protocol SendQueue: Sendable {
    /// Takes a place at the end of the line, and returns its ticket.
    func enter(_ line: WaitingLine, seconds: Int) async throws -> Int64

    /// Prolongs a place by `seconds` from now; one that has lapsed stands where it stood.
    func renew(_ ticket: Int64, in line: WaitingLine, seconds: Int) async throws

    /// Gives a place up; nothing when it is gone already.
    func leave(_ ticket: Int64, in line: WaitingLine) async throws
}

/// Where requests of one session wait for the same message.
public struct WaitingLine: Hashable, Sendable {
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
    /// It has just come: everybody in the line comes first.
    case arriving(WaitingLine)
    /// It stands in the line: those with lower tickets come first. Its place is given up when the request is carried out.
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
