/// Reads a message: the Message shape.
public struct GetMessageOperation: ChatOperation {
    let messages: any MessageStore

    public func callAsFunction(_ request: MessageReference, caller: Caller) async throws -> OperationAnswer {
        guard let message = try await messages.message(request.messageID, of: caller.clientID) else {
            throw ChatError.messageNotFound(request.messageID)
        }
        return OperationAnswer(reserving: 1024) { $0.message(message) }
    }
}
