/// Lists a message and its siblings: `{variants, current_index}`.
public struct ListVariantsOperation: ChatOperation {
    let tree: any MessageTreeStore

    /// `current_index` is the place of the active variant, whichever of them was asked about.
    public func callAsFunction(_ request: MessageReference, caller: Caller) async throws -> OperationAnswer {
        let id = request.messageID
        let variants = try await tree.variants(of: id, client: caller.clientID)
        guard let asked = variants.firstIndex(where: { $0.id == id }) else { throw ChatError.messageNotFound(id) }
        return OperationAnswer(reserving: 64 + 1024 * variants.count) { writer in
            writer.beginObject()
            writer.name("variants")
            writer.beginArray()
            for message in variants { writer.message(message) }
            writer.endArray()
            writer.name("current_index")
            writer.integer(variants.firstIndex { $0.isActive } ?? asked)
            writer.endObject()
        }
    }
}
