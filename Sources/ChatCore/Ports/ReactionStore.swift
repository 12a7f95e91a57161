/// Keeps what users think of messages. Throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol ReactionStore: Sendable {
    /// Keeps the reaction of one user to a message, in place of the one before; when that changes something, the backend
    /// that was to answer is told in the background.
    ///
    /// - Parameters:
    ///   - client: who owns the message.
    ///   - traceparent: W3C `traceparent` of the request, passed on to the backend.
    func setReaction(
        _ reaction: Reaction,
        to message: MessageID,
        of client: ClientID,
        user: ClientID,
        traceparent: String?
    ) async throws -> ReactionOutcome
}

public enum Reaction: String, CaseIterable, Sendable {
    case like, dislike
    /// Takes a reaction back.
    case none
}

public enum ReactionOutcome: Hashable, Sendable {
    case changed(from: Reaction)
    case unchanged
    case messageNotFound
}
