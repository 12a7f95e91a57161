/// Looks at the siblings of a message, and chooses among them. Every look-up is by owner and id. Every method throws
/// ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol MessageTreeStore: Sendable {
    /// A message and its siblings, in the order of their variant index; empty when the client has no such message.
    func variants(of message: MessageID, client: ClientID) async throws -> [Message]

    /// Makes a message part of the active path: it and every message above it become the active ones of their siblings;
    /// below it the path goes on along the children that were active.
    ///
    /// - Returns: the message as it is now; `nil` when the client has no such message.
    func activate(_ message: MessageID, of client: ClientID) async throws -> Message?
}
