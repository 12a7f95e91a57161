/// What a client asks for with `POST /sessions/{id}/messages/multi`.
public struct SendMultiRequest: Hashable, Sendable {
    public static let maximumSessionTypes = 8

    public var content: [ContentPart]
    public var fileURLs: [String]
    /// `nil`: the leaf of the active path.
    public var parentMessageID: MessageID?
    public var enabledCapabilityIDs: [String]
    /// Who answers, in the order of the variants; none twice.
    public var sessionTypeIDs: [SessionTypeID]

    /// Reads the body of the request.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(body: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(body)
        let content = ContentPart.readContent("content", from: &reader)
        fileURLs = SendMessageRequest.readFileURLs(from: &reader)
        parentMessageID = reader.identifier("parent_message_id", as: MessageID.self)
        enabledCapabilityIDs = SendMessageRequest.readCapabilities(from: &reader)
        sessionTypeIDs = Self.readSessionTypes(from: &reader)
        try reader.finish()
        guard let content else { throw .invalid("content", "The field is required.", .required) }
        self.content = content
    }

    private static func readSessionTypes(from reader: inout ObjectReader) -> [SessionTypeID] {
        guard
            let elements = reader.array("session_type_ids", required: true, maximumCount: maximumSessionTypes)
        else { return [] }
        if elements.isEmpty {
            reader.refuse("session_type_ids", "At least one session type is expected.", .invalidValue)
        }
        var ids: [SessionTypeID] = []
        for (index, element) in elements.enumerated() {
            guard let id = element.stringValue.flatMap({ SessionTypeID($0) }) else {
                reader.refuse("session_type_ids[\(index)]", "A UUID is expected.", .malformed)
                continue
            }
            if ids.contains(id) {
                reader.refuse("session_type_ids[\(index)]", "The session type is named twice.", .invalidValue)
            }
            ids.append(id)
        }
        return ids
    }
}
