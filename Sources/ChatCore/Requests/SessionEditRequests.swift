/// The body of `PATCH /sessions/{id}`.
public struct UpdateMetadataRequest: Hashable, Sendable {
    /// A JSON merge patch (RFC 7386); its result is an object like itself.
    public var patch: JSONObject

    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(body: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(body)
        let patch = reader.object("metadata", required: true)
        try reader.finish()
        self.patch = patch ?? [:]
    }
}

/// The body of `PATCH /sessions/{id}/type`.
public struct SwitchSessionTypeRequest: ReadableRequest, Hashable {
    public var sessionTypeID: SessionTypeID

    public init?(from reader: inout ObjectReader) {
        let sessionTypeID = reader.identifier("new_session_type_id", required: true, as: SessionTypeID.self)
        guard let sessionTypeID else { return nil }
        self.sessionTypeID = sessionTypeID
    }
}

/// The body of `POST /messages/{id}/reaction`.
public struct ReactionRequest: Hashable, Sendable {
    public var reaction: Reaction

    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(body: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(body)
        let reaction = reader.word("reaction_type", required: true, as: Reaction.self)
        try reader.finish()
        guard let reaction else { throw .invalid("reaction_type", "A reaction is expected.", .invalidValue) }
        self.reaction = reaction
    }
}
