/// A conversation of one client with the backend of one session type.
public struct Session: Hashable, Sendable {
    public var id: SessionID
    public var clientID: ClientID
    public var sessionTypeID: SessionTypeID
    public var availableCapabilities: [Capability]
    public var metadata: JSONObject
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    public init(
        id: SessionID,
        clientID: ClientID,
        sessionTypeID: SessionTypeID,
        availableCapabilities: [Capability],
        metadata: JSONObject,
        createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.clientID = clientID
        self.sessionTypeID = sessionTypeID
        self.availableCapabilities = availableCapabilities
        self.metadata = metadata
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension Session {
    /// The contract's Session shape (`contract/rest.md`, 'Shapes').
    public var json: JSONValue {
        [
            "session_id": .string(id.description),
            "client_id": .string(clientID.rawValue),
            "session_type_id": .string(sessionTypeID.description),
            "available_capabilities": .array(availableCapabilities.map(\.json)),
            "metadata": .object(metadata),
            "created_at": .string(createdAt.description),
            "updated_at": .string(updatedAt.description),
        ]
    }
}
