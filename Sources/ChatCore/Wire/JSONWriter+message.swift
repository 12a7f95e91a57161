extension JSONWriter {
    /// Writes the Message shape: what `Message.json` says, without building it first.
    public mutating func message(_ message: Message) {
        beginObject()
        name("message_id")
        string(message.id.description)
        name("session_id")
        string(message.sessionID.description)
        parentMessageID(message.parentMessageID)
        name("role")
        string(message.role.rawValue)
        name("content")
        beginArray()
        for part in message.content { contentPart(part) }
        endArray()
        name("file_urls")
        beginArray()
        for url in message.fileURLs { string(url) }
        endArray()
        name("variant_index")
        integer(message.variantIndex)
        name("is_active")
        flag(message.isActive)
        name("is_complete")
        flag(message.isComplete)
        variantInfo(of: message)
        name("author_id")
        string(message.authorID)
        name("session_type_id")
        string(message.sessionTypeID.description)
        metadata(of: message)
        name("created_at")
        string(message.createdAt.description)
        endObject()
    }

    private mutating func variantInfo(of message: Message) {
        name("variant_info")
        beginObject()
        name("variant_index")
        integer(message.variantIndex)
        name("total_variants")
        integer(message.totalVariants)
        parentMessageID(message.parentMessageID)
        endObject()
    }

    private mutating func metadata(of message: Message) {
        name("metadata")
        guard message.role == .assistant else { return object(message.metadata) }
        var metadata = message.metadata
        metadata["state"] = .string(message.state.rawValue)
        object(metadata)
    }

    private mutating func contentPart(_ part: ContentPart) {
        guard case .text(let text) = part else { return value(part.json) }
        beginObject()
        name("type")
        string("text")
        name("text")
        string(text)
        endObject()
    }

    private mutating func parentMessageID(_ id: MessageID?) {
        name("parent_message_id")
        if let id {
            string(id.description)
        } else {
            literal("null")
        }
    }

    mutating func flag(_ flag: Bool) { literal(flag ? "true" : "false") }
}
