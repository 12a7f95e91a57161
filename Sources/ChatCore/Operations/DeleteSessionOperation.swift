/// Deletes a session with everything of it: `{deleted}`.
public struct DeleteSessionOperation: ChatOperation {
    let deleteSession: DeleteSession

    public func callAsFunction(_ request: SessionReference, caller: Caller) async throws -> OperationAnswer {
        try await deleteSession(request.sessionID, caller: caller)
        return OperationAnswer { writer in
            writer.beginObject()
            writer.name("deleted")
            writer.flag(true)
            writer.endObject()
        }
    }
}
