/// One node of a session's message tree.
public struct Message: Hashable, Sendable {
    public enum Role: String, Sendable {
        case user, assistant, system
    }

    /// Where a message is in its life; `metadata.state` on the wire (`contract/semantics.md`, 'The life of a stream').
    public enum State: String, Sendable, CaseIterable {
        case streaming, complete, stopped, failed
        case timedOut = "timed_out"
        case abandoned, interrupted
    }

    public var id: MessageID
    public var sessionID: SessionID
    public var parentMessageID: MessageID?
    public var role: Role
    public var content: [ContentPart]
    public var fileURLs: [String]
    public var variantIndex: Int
    /// Siblings under the same parent, this one included.
    public var totalVariants: Int
    public var isActive: Bool
    public var state: State
    public var authorID: String
    public var sessionTypeID: SessionTypeID
    /// Without `state`, which is rendered from ``state``.
    public var metadata: JSONObject
    public var createdAt: Timestamp

    public init(
        id: MessageID,
        sessionID: SessionID,
        parentMessageID: MessageID?,
        role: Role,
        content: [ContentPart],
        fileURLs: [String],
        variantIndex: Int,
        totalVariants: Int,
        isActive: Bool,
        state: State,
        authorID: String,
        sessionTypeID: SessionTypeID,
        metadata: JSONObject,
        createdAt: Timestamp
    ) {
        self.id = id
        self.sessionID = sessionID
        self.parentMessageID = parentMessageID
        self.role = role
        self.content = content
        self.fileURLs = fileURLs
        self.variantIndex = variantIndex
        self.totalVariants = totalVariants
        self.isActive = isActive
        self.state = state
        self.authorID = authorID
        self.sessionTypeID = sessionTypeID
        self.metadata = metadata
        self.createdAt = createdAt
    }

    public var isComplete: Bool { state == .complete }

    public var variantInfo: VariantInfo {
        VariantInfo(variantIndex: variantIndex, totalVariants: totalVariants, parentMessageID: parentMessageID)
    }
}

/// Where a message stands among its siblings.
public struct VariantInfo: Hashable, Sendable {
    public var variantIndex: Int
    public var totalVariants: Int
    public var parentMessageID: MessageID?

    public init(variantIndex: Int, totalVariants: Int, parentMessageID: MessageID?) {
        self.variantIndex = variantIndex
        self.totalVariants = totalVariants
        self.parentMessageID = parentMessageID
    }

    public var json: JSONValue {
        [
            "variant_index": .integer(variantIndex),
            "total_variants": .integer(totalVariants),
            "parent_message_id": parentMessageID.map { .string($0.description) } ?? .null,
        ]
    }
}

extension Message {
    /// The contract's Message shape (`contract/rest.md`, 'Shapes').
    public var json: JSONValue {
        var metadata = metadata
        if role == .assistant { metadata["state"] = .string(state.rawValue) }
        return [
            "message_id": .string(id.description),
            "session_id": .string(sessionID.description),
            "parent_message_id": parentMessageID.map { .string($0.description) } ?? .null,
            "role": .string(role.rawValue),
            "content": .array(content.map(\.json)),
            "file_urls": .array(fileURLs.map { .string($0) }),
            "variant_index": .integer(variantIndex),
            "is_active": .bool(isActive),
            "is_complete": .bool(isComplete),
            "variant_info": variantInfo.json,
            "author_id": .string(authorID),
            "session_type_id": .string(sessionTypeID.description),
            "metadata": .object(metadata),
            "created_at": .string(createdAt.description),
        ]
    }
}
