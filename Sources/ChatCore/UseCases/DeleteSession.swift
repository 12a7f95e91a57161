/// Deletes a session with everything of it. Its running streams are stopped first, so that no backend goes on answering
/// for a session that is gone.
public struct DeleteSession: Sendable {
    private let editor: any SessionEditor
    private let stopMessage: StopMessage

    public init(editor: any SessionEditor, stopMessage: StopMessage) {
        self.editor = editor
        self.stopMessage = stopMessage
    }

    /// How often streams are stopped before the rest is cut off with the session: others may be sending.
    private static let stopAttempts = 3

    /// - Parameter traceparent: W3C `traceparent` of the request, passed on to the backend.
    /// - Throws: ``ChatError`` `SESSION_NOT_FOUND`, or `SERVICE_UNAVAILABLE` when the database is out of reach or the
    ///   living owner of a stream did not stop it in time.
    public func callAsFunction(_ id: SessionID, caller: Caller, traceparent: String? = nil) async throws {
        for attempt in 0...Self.stopAttempts {
            let deletion = try await delete(
                id,
                of: caller.clientID,
                evenWhileStreaming: attempt == Self.stopAttempts,
                traceparent: traceparent
            )
            guard case .streaming(let messages) = deletion else { return try finish(deletion, of: id) }
            try await stop(messages, caller: caller)
        }
    }

    private func finish(_ deletion: SessionDeletion, of id: SessionID) throws {
        if deletion == .notFound { throw ChatError.sessionNotFound(id) }
    }

    private func stop(_ messages: [MessageID], caller: Caller) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for message in messages {
                group.addTask {
                    do {
                        _ = try await stopMessage(message, caller: caller)
                    } catch let error as ChatError where error.code == .messageNotFound {
                        // Somebody else has deleted the session.
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// When the connection is lost in mid-commit, another attempt either deletes the session or finds it deleted.
    private func delete(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool,
        traceparent: String?
    ) async throws -> SessionDeletion {
        let attempt = {
            try await editor.deleteSession(
                id,
                of: client,
                evenWhileStreaming: evenWhileStreaming,
                traceparent: traceparent
            )
        }
        do {
            return try await attempt()
        } catch let error as ChatError where error.underlyingError is UnknownOutcomeError {
            let deletion = try await attempt()
            return deletion == .notFound ? .deleted : deletion
        }
    }
}
