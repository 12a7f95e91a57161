/// Stops a stream: `{stopped, partial_message_id}`.
public struct StopMessageOperation: ChatOperation {
    let stopMessage: StopMessage

    public func callAsFunction(_ request: MessageReference, caller: Caller) async throws -> OperationAnswer {
        let isStopped = try await stopMessage(request.messageID, caller: caller)
        return OperationAnswer { writer in
            writer.beginObject()
            writer.name("stopped")
            writer.flag(isStopped)
            writer.name("partial_message_id")
            writer.string(request.messageID.description)
            writer.endObject()
        }
    }
}
