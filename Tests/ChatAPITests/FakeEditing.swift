import ChatCore

@testable import ChatAPI

/// Edits the sessions of the fake database; a streaming message is in the way of a deletion.
struct FakeSessionEditor: SessionEditor {
    let database: FakeDatabase

    func patchMetadata(_ patch: JSONObject, of session: SessionID, client: ClientID) async throws -> SessionEdit? {
        try edit(session, of: client) { $0.metadata = $0.metadata.merged(with: patch) }
    }

    func switchType(
        of session: SessionID,
        client: ClientID,
        to type: SessionTypeID,
        capabilities: [Capability]
    ) async throws -> SessionEdit? {
        try edit(session, of: client) {
            $0.sessionTypeID = type
            $0.availableCapabilities = capabilities
        }
    }

    func deleteSession(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool,
        traceparent: String?
    ) async throws -> SessionDeletion {
        try database.use { content in
            guard let index = content.sessions.firstIndex(where: { $0.id == id && $0.clientID == client }) else {
                return .notFound
            }
            let streaming = content.messages.filter { $0.sessionID == id && content.streaming.contains($0.id) }
            guard streaming.isEmpty || evenWhileStreaming else { return .streaming(streaming.map(\.id)) }
            content.sessions.remove(at: index)
            return .deleted
        }
    }

    private func edit(
        _ id: SessionID,
        of client: ClientID,
        _ change: @Sendable (inout Session) -> Void
    ) throws -> SessionEdit? {
        try database.use { content in
            guard let index = content.sessions.firstIndex(where: { $0.id == id && $0.clientID == client }) else {
                return nil
            }
            let before = content.sessions[index]
            change(&content.sessions[index])
            return SessionEdit(session: content.sessions[index], isChanged: content.sessions[index] != before)
        }
    }
}

struct FakeMessageTree: MessageTreeStore {
    let database: FakeDatabase

    func variants(
        of message: MessageID,
        client: ClientID,
        limit: Int,
        after cursor: PageCursor?
    ) async throws -> VariantPage? {
        try database.use { content in
            content.variantPage = (limit, cursor)
            let own = content.messages.filter { $0.authorID == client.rawValue }
            guard let asked = own.first(where: { $0.id == message }) else { return nil }
            let siblings = own.filter { $0.parentMessageID == asked.parentMessageID }
            return VariantPage(
                variants: Page(elements: Array(siblings.prefix(limit)), nextCursor: content.nextCursor),
                currentIndex: siblings.firstIndex { $0.isActive } ?? 0
            )
        }
    }

    func activate(_ message: MessageID, of client: ClientID) async throws -> Message? {
        try database.use { content in
            guard
                let index = content.messages.firstIndex(where: {
                    $0.id == message && $0.authorID == client.rawValue
                })
            else { return nil }
            content.messages[index].isActive = true
            return content.messages[index]
        }
    }
}

struct FakeReactions: ReactionStore {
    let database: FakeDatabase

    func setReaction(
        _ reaction: Reaction,
        to message: MessageID,
        of client: ClientID,
        user: ClientID,
        traceparent: String?
    ) async throws -> ReactionOutcome {
        try database.use { content in
            let isKnown = content.messages.contains { $0.id == message && $0.authorID == client.rawValue }
            return isKnown ? .changed(from: .none) : .messageNotFound
        }
    }
}

extension EditingServices {
    /// Over the fakes.
    static func fake(_ database: FakeDatabase, backend: FakeBackend, stopMessage: StopMessage) -> EditingServices {
        let editor = FakeSessionEditor(database: database)
        return EditingServices(
            editor: editor,
            tree: FakeMessageTree(database: database),
            reactions: FakeReactions(database: database),
            deleteSession: DeleteSession(editor: editor, stopMessage: stopMessage),
            switchType: SwitchSessionType(
                sessionTypes: FakeSessionTypes(database: database),
                sessions: FakeSessions(database: database),
                editor: editor,
                backend: backend
            )
        )
    }
}
