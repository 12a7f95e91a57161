/// What a client asks for with `message.send` (`contract/websocket.md`, 'Client → server').
public struct SendMessageRequest: Hashable, Sendable {
    public static let maximumFileURLs = 64
    public static let maximumCapabilities = 64

    public var sessionID: SessionID
    public var content: [ContentPart]
    public var fileURLs: [String]
    /// `nil`: the leaf of the active path.
    public var parentMessageID: MessageID?
    public var enabledCapabilityIDs: [String]
    public var wishes: StreamWishes
    /// By which the session is another client's.
    public var shareToken: String?

    public init(
        sessionID: SessionID,
        content: [ContentPart],
        fileURLs: [String] = [],
        parentMessageID: MessageID? = nil,
        enabledCapabilityIDs: [String] = [],
        wishes: StreamWishes = StreamWishes(),
        shareToken: String? = nil
    ) {
        self.sessionID = sessionID
        self.content = content
        self.fileURLs = fileURLs
        self.parentMessageID = parentMessageID
        self.enabledCapabilityIDs = enabledCapabilityIDs
        self.wishes = wishes
        self.shareToken = shareToken
    }

    /// Reads the payload of a `message.send`.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault.
    public init(payload: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(payload, path: "payload")
        let sessionID = reader.identifier("session_id", required: true, as: SessionID.self)
        let content = ContentPart.readContent("content", from: &reader)
        let fileURLs = Self.readFileURLs(from: &reader)
        let parentMessageID = reader.identifier("parent_message_id", as: MessageID.self)
        let capabilities = Self.readCapabilities(from: &reader)
        let wishes = StreamWishes(from: &reader)
        let shareToken = reader.string("share_token", maximumBytes: 256)
        try reader.finish()
        guard let sessionID, let content else { throw .invalid("payload", "The payload is not valid.", .invalidValue) }
        self.init(
            sessionID: sessionID,
            content: content,
            fileURLs: fileURLs,
            parentMessageID: parentMessageID,
            enabledCapabilityIDs: capabilities,
            wishes: wishes,
            shareToken: shareToken
        )
    }

    static func readFileURLs(from reader: inout ObjectReader) -> [String] {
        var urls: [String] = []
        for (index, value) in (reader.array("file_urls", maximumCount: maximumFileURLs) ?? []).enumerated() {
            guard case .string(let url) = value, WebURL.isAcceptable(url) else {
                reader.refuse("file_urls[\(index)]", "An http or https URL is expected.", .malformed)
                continue
            }
            urls.append(url)
        }
        return urls
    }

    static func readCapabilities(from reader: inout ObjectReader) -> [String] {
        var ids: [String] = []
        let elements = reader.array("enabled_capabilities", maximumCount: maximumCapabilities) ?? []
        for (index, value) in elements.enumerated() {
            guard case .string(let id) = value, !id.isEmpty else {
                reader.refuse("enabled_capabilities[\(index)]", "The id of a capability is expected.", .wrongType)
                continue
            }
            ids.append(id)
        }
        return ids
    }
}

extension SendMessageRequest {
    /// The same for equal requests, whatever the order or spacing of the JSON they came in. How a request is to be carried
    /// out, and the token it comes by, are not part of what it asks for.
    public var digest: String {
        let fields: JSONValue = [
            "session_id": .string(sessionID.description),
            "content": .array(content.map(\.json)),
            "file_urls": .array(fileURLs.map { .string($0) }),
            "parent_message_id": parentMessageID.map { .string($0.description) } ?? .null,
            "enabled_capabilities": .array(enabledCapabilityIDs.map { .string($0) }),
        ]
        return StableDigest.hexadecimal(of: fields.bytes)
    }
}
