/// Reads a session: the Session shape.
public struct GetSessionOperation: ChatOperation {
    let sessions: any SessionStore

    public func callAsFunction(_ request: SessionReference, caller: Caller) async throws -> OperationAnswer {
        guard let session = try await sessions.session(request.sessionID, of: caller.clientID) else {
            throw ChatError.sessionNotFound(request.sessionID)
        }
        return OperationAnswer(reserving: 512) { $0.session(session) }
    }
}
