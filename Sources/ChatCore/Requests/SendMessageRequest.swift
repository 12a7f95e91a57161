/// What a client asks for with `message.send` (`contract/websocket.md`, 'Client → server').
public struct SendMessageRequest: Hashable, Sendable {
    /// What to do when the message to hang under is still being streamed.
    public enum OnBusy: String, CaseIterable, Sendable {
        case refuse
        /// Stop that stream first, then send.
        case interrupt
    }

    public static let maximumFileURLs = 64
    public static let maximumCapabilities = 64

    public var sessionID: SessionID
    public var content: [ContentPart]
    public var fileURLs: [String]
    /// `nil`: the leaf of the active path.
    public var parentMessageID: MessageID?
    public var enabledCapabilityIDs: [String]
    public var onBusy: OnBusy

    public init(
        sessionID: SessionID,
        content: [ContentPart],
        fileURLs: [String] = [],
        parentMessageID: MessageID? = nil,
        enabledCapabilityIDs: [String] = [],
        onBusy: OnBusy = .refuse
    ) {
        self.sessionID = sessionID
        self.content = content
        self.fileURLs = fileURLs
        self.parentMessageID = parentMessageID
        self.enabledCapabilityIDs = enabledCapabilityIDs
        self.onBusy = onBusy
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
        let onBusy = reader.word("on_busy", as: OnBusy.self)
        Self.readOnDisconnect(from: &reader)
        try reader.finish()
        guard let sessionID, let content else { throw .invalid("payload", "The payload is not valid.", .invalidValue) }
        self.init(
            sessionID: sessionID,
            content: content,
            fileURLs: fileURLs,
            parentMessageID: parentMessageID,
            enabledCapabilityIDs: capabilities,
            onBusy: onBusy ?? .refuse
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

    /// A stream always runs on when its connection is lost, so `continue` is the one word understood.
    private static func readOnDisconnect(from reader: inout ObjectReader) {
        enum OnDisconnect: String, CaseIterable {
            case `continue`
        }
        _ = reader.word("on_disconnect", as: OnDisconnect.self)
    }
}

extension SendMessageRequest {
    /// The same for equal requests, whatever the order or spacing of the JSON they came in.
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
