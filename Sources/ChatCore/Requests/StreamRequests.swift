/// What a client asks for with `message.recreate` (`contract/websocket.md`, 'Client → server').
public struct RecreateMessageRequest: Hashable, Sendable {
    /// The answer to replace.
    public var messageID: MessageID
    public var enabledCapabilityIDs: [String]
    public var wishes: StreamWishes

    /// Reads the payload.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(payload: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(payload, path: "payload")
        let messageID = reader.identifier("message_id", required: true, as: MessageID.self)
        enabledCapabilityIDs = SendMessageRequest.readCapabilities(from: &reader)
        wishes = StreamWishes(from: &reader)
        try reader.finish()
        guard let messageID else { throw .invalid("payload.message_id", "The field is required.", .required) }
        self.messageID = messageID
    }

    /// The same for equal requests; see ``SendMessageRequest/digest``.
    var digest: String {
        let fields: JSONValue = [
            "operation": "message.recreate",
            "message_id": .string(messageID.description),
            "enabled_capabilities": .array(enabledCapabilityIDs.map { .string($0) }),
        ]
        return StableDigest.hexadecimal(of: fields.bytes)
    }
}

/// What a client asks for with `session.summarize`.
public struct SummarizeSessionRequest: Hashable, Sendable {
    public var sessionID: SessionID
    public var enabledCapabilityIDs: [String]

    /// Reads the payload.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(payload: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(payload, path: "payload")
        let sessionID = reader.identifier("session_id", required: true, as: SessionID.self)
        enabledCapabilityIDs = SendMessageRequest.readCapabilities(from: &reader)
        try reader.finish()
        guard let sessionID else { throw .invalid("payload.session_id", "The field is required.", .required) }
        self.sessionID = sessionID
    }

    /// The same for equal requests; see ``SendMessageRequest/digest``.
    var digest: String {
        let fields: JSONValue = [
            "operation": "session.summarize",
            "session_id": .string(sessionID.description),
            "enabled_capabilities": .array(enabledCapabilityIDs.map { .string($0) }),
        ]
        return StableDigest.hexadecimal(of: fields.bytes)
    }
}

/// What a client asks for with `stream.resume`.
public struct ResumeStreamRequest: Hashable, Sendable {
    /// The answer, or the run of a summary.
    public var messageID: MessageID
    /// The number of the first chunk the client has not had; `nil` when it wants a snapshot.
    public var nextChunk: Int?

    /// Reads the payload.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(payload: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(payload, path: "payload")
        let messageID = reader.identifier("message_id", required: true, as: MessageID.self)
        nextChunk = reader.integer("next_chunk", in: 0...Int(Int32.max))
        try reader.finish()
        guard let messageID else { throw .invalid("payload.message_id", "The field is required.", .required) }
        self.messageID = messageID
    }
}
