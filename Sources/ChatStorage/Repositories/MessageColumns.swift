import ChatCore

/// How a message is read from a row.
enum MessageColumns {
    /// The columns of `messages AS m` that ``Row/message(at:)`` reads. A streaming message shows its last checkpoint.
    static let list = list(totalVariants: totalVariants)

    /// The same, for a statement that counts the siblings itself.
    static func list(totalVariants: String) -> String {
        """
        m.message_id, m.session_id, m.parent_message_id, m.role,
        CASE WHEN m.state = 'streaming'
            THEN coalesce(
                (
                    SELECT checkpoint_content FROM streams
                    WHERE streams.client_id = m.client_id AND streams.message_id = m.message_id
                ),
                m.content
            )
            ELSE m.content
        END,
        m.file_urls, m.variant_index, \(totalVariants), m.is_active, m.state, m.author_id, m.session_type_id,
        m.metadata, m.created_at
        """
    }

    static let count = 14

    /// The siblings of `m`, itself included.
    static let totalVariants = totalVariants(of: "m")

    /// The siblings of a message, itself included: each but the first child of a parent begins a branch, and so does each
    /// root.
    static func totalVariants(of message: String) -> String {
        """
        CASE WHEN \(message).parent_message_id IS NULL
            THEN (
                SELECT count(*) FROM messages AS v
                WHERE v.client_id = \(message).client_id AND v.parent_message_id IS NULL
                    AND v.session_id = \(message).session_id AND v.branch_id = v.message_id
            )
            ELSE 1 + (
                SELECT count(*) FROM messages AS v
                WHERE v.client_id = \(message).client_id AND v.parent_message_id = \(message).parent_message_id
                    AND v.branch_id = v.message_id
            )
        END::integer
        """
    }
}

extension Row {
    /// - Parameter first: the number of the first of ``MessageColumns/list``.
    func message(at first: Int) throws(PostgresError) -> Message {
        Message(
            id: MessageID(try uuid(first)),
            sessionID: SessionID(try uuid(first + 1)),
            parentMessageID: try optionalUUID(first + 2).map { MessageID($0) },
            role: try word(first + 3, as: Message.Role.self),
            content: try jsonArray(first + 4) { ContentPart(stored: $0) },
            fileURLs: try jsonArray(first + 5) { $0.stringValue },
            variantIndex: Int(try integer(first + 6)),
            totalVariants: Int(try integer(first + 7)),
            isActive: try boolean(first + 8),
            state: try word(first + 9, as: Message.State.self),
            authorID: try text(first + 10),
            sessionTypeID: SessionTypeID(try uuid(first + 11)),
            metadata: try jsonObject(first + 12),
            createdAt: try timestamp(first + 13)
        )
    }
}
