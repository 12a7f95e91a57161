/// A session editor whose committed events are announced to the relays.
public struct AnnouncingSessionEditor: SessionEditor {
    private let editor: any SessionEditor
    private let bell: OutboxBell

    public init(_ editor: any SessionEditor, bell: OutboxBell) {
        self.editor = editor
        self.bell = bell
    }

    public func patchMetadata(
        _ patch: JSONObject,
        of session: SessionID,
        client: ClientID
    ) async throws -> SessionEdit? {
        announce(try await editor.patchMetadata(patch, of: session, client: client))
    }

    public func switchType(
        of session: SessionID,
        client: ClientID,
        to type: SessionTypeID,
        capabilities: [Capability]
    ) async throws -> SessionEdit? {
        announce(try await editor.switchType(of: session, client: client, to: type, capabilities: capabilities))
    }

    public func deleteSession(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool,
        traceparent: String?
    ) async throws -> SessionDeletion {
        let deletion = try await editor.deleteSession(
            id,
            of: client,
            evenWhileStreaming: evenWhileStreaming,
            traceparent: traceparent
        )
        if deletion == .deleted { bell.ring() }
        return deletion
    }

    private func announce(_ edit: SessionEdit?) -> SessionEdit? {
        if edit?.isChanged == true { bell.ring() }
        return edit
    }
}
