/// Gives a session to the backend of another session type: that backend is asked first, and when it fails nothing
/// changes. Messages and running streams keep the type they were sent to.
///
/// Of switches at the same time the last to be written wins, with its own capabilities.
public struct SwitchSessionType: Sendable {
    private let sessionTypes: any SessionTypeStore
    private let sessions: any SessionStore
    private let editor: any SessionEditor
    private let backend: any Backend

    public init(
        sessionTypes: any SessionTypeStore,
        sessions: any SessionStore,
        editor: any SessionEditor,
        backend: any Backend
    ) {
        self.sessionTypes = sessionTypes
        self.sessions = sessions
        self.editor = editor
        self.backend = backend
    }

    /// Switching to the type the session has asks its backend anew.
    ///
    /// - Parameter traceparent: W3C `traceparent` of the request, passed on to the backend.
    /// - Throws: ``ChatError``: `SESSION_NOT_FOUND`, `NOT_FOUND` for an unknown session type, `BACKEND_ERROR` or
    ///   `BACKEND_TIMEOUT` when the backend fails, `SERVICE_UNAVAILABLE`.
    public func callAsFunction(
        _ id: SessionID,
        to typeID: SessionTypeID,
        caller: Caller,
        traceparent: String? = nil
    ) async throws -> Session {
        guard let session = try await sessions.session(id, of: caller.clientID) else {
            throw ChatError.sessionNotFound(id)
        }
        guard let type = try await sessionTypes.sessionType(typeID) else {
            throw ChatError(
                .notFound,
                "There is no such session type.",
                validationErrors: [
                    ValidationError(field: "new_session_type_id", message: "It is unknown.", code: .invalidValue)
                ],
                resourceID: typeID.description
            )
        }
        let capabilities = try await backend.sessionCreated(
            SessionCreatedNotice(
                sessionType: type,
                sessionID: id,
                clientID: caller.clientID,
                previousSessionTypeID: session.sessionTypeID,
                traceparent: traceparent
            )
        )
        let edit = try await editor.switchType(
            of: id,
            client: caller.clientID,
            to: typeID,
            capabilities: capabilities
        )
        guard let edit else { throw ChatError.sessionNotFound(id) }
        return edit.session
    }
}
