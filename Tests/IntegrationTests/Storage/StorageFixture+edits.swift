import ChatCore
import TestSupport

@testable import ChatStorage

extension SessionEditRepository {
    func deleteSession(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool
    ) async throws -> SessionDeletion {
        try await deleteSession(id, of: client, evenWhileStreaming: evenWhileStreaming, traceparent: nil)
    }
}

extension ReactionRepository {
    func setReaction(
        _ reaction: Reaction,
        to message: MessageID,
        of client: ClientID,
        user: ClientID
    ) async throws -> ReactionOutcome {
        try await setReaction(reaction, to: message, of: client, user: user, traceparent: nil)
    }
}

extension StorageFixture {
    var edits: SessionEditRepository { SessionEditRepository(client: client) }
    var tree: MessageTreeRepository { MessageTreeRepository(client: client) }
    var reactions: ReactionRepository { ReactionRepository(client: client) }

    func session(_ id: SessionID) async throws -> Session? { try await sessions.session(id, of: owner) }

    /// `updates` of every `session.updated` of the owner, in order.
    func updates() async throws -> [JSONValue] {
        let events = try await events.events(of: owner, after: 0, limit: 1000).events
        return try events.filter { $0.kind == .sessionUpdated }.compactMap {
            try JSONParser.parse($0.payload)["updates"]
        }
    }

    static func capability(_ id: String) throws -> Capability {
        guard let capability = Capability(["id": .string(id)]) else { throw TestSupportError("no capability: \(id)") }
        return capability
    }
}

extension MessageTreeRepository {
    /// A message and its siblings, all of them; none when there is no such message.
    func variants(of message: MessageID, client: ClientID) async throws -> [Message] {
        let page = try await variants(of: message, client: client, limit: 1000, after: nil)
        return page?.variants.elements ?? []
    }
}
