/// A background event on its way to a backend.
public struct WebhookDelivery: Sendable {
    /// The same in every attempt, so that a backend can tell that it had the event before.
    public var id: DeliveryID
    /// The owner of the session.
    public var clientID: ClientID
    public var name: BackgroundEvent.Name
    /// `nil` when what is stored of it cannot be read.
    public var event: BackgroundEvent?
    public var sessionTypeID: SessionTypeID
    /// Whose backend is told; `nil` when the session type is no more.
    public var sessionType: SessionType?
    /// How many attempts have failed.
    public var failedAttempts: Int
    public var traceparent: String?
    public var createdAt: Timestamp

    public init(
        id: DeliveryID,
        clientID: ClientID,
        name: BackgroundEvent.Name,
        event: BackgroundEvent?,
        sessionTypeID: SessionTypeID,
        sessionType: SessionType?,
        failedAttempts: Int = 0,
        traceparent: String? = nil,
        createdAt: Timestamp
    ) {
        self.id = id
        self.clientID = clientID
        self.name = name
        self.event = event
        self.sessionTypeID = sessionTypeID
        self.sessionType = sessionType
        self.failedAttempts = failedAttempts
        self.traceparent = traceparent
        self.createdAt = createdAt
    }
}

public typealias DeliveryID = EntityID<WebhookDelivery>

/// What operators see of a background event.
public struct DeliveryRecord: Hashable, Sendable {
    public enum State: String, CaseIterable, Sendable {
        /// To be delivered, or being delivered.
        case waiting
        case delivered
        /// Given up; delivered again only when an operator wants it.
        case dead
    }

    public var id: DeliveryID
    public var clientID: ClientID
    public var sessionTypeID: SessionTypeID
    public var sessionID: SessionID
    public var name: BackgroundEvent.Name
    public var state: State
    public var attempts: Int
    /// What was wrong with the last attempt that failed.
    public var lastError: String?
    public var createdAt: Timestamp
    /// When it is due; once it has ended, when that was.
    public var dueOrEndedAt: Timestamp

    public init(
        id: DeliveryID,
        clientID: ClientID,
        sessionTypeID: SessionTypeID,
        sessionID: SessionID,
        name: BackgroundEvent.Name,
        state: State,
        attempts: Int,
        lastError: String?,
        createdAt: Timestamp,
        dueOrEndedAt: Timestamp
    ) {
        self.id = id
        self.clientID = clientID
        self.sessionTypeID = sessionTypeID
        self.sessionID = sessionID
        self.name = name
        self.state = state
        self.attempts = attempts
        self.lastError = lastError
        self.createdAt = createdAt
        self.dueOrEndedAt = dueOrEndedAt
    }

    public var json: JSONValue {
        var fields: JSONObject = [
            "webhook_id": .string(id.description),
            "event": .string(name.rawValue),
            "session_type_id": .string(sessionTypeID.description),
            "client_id": .string(clientID.rawValue),
            "session_id": .string(sessionID.description),
            "state": .string(state.rawValue),
            "attempts": .integer(attempts),
            "created_at": .string(createdAt.description),
        ]
        fields[state == .waiting ? "due_at" : "ended_at"] = .string(dueOrEndedAt.description)
        if let lastError { fields["last_error"] = .string(lastError) }
        return .object(fields)
    }
}
