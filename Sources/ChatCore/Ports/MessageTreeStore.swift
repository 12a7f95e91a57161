/// Looks at the siblings of a message, and chooses among them. Every look-up is by owner and id. Every method throws
/// ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol MessageTreeStore: Sendable {
    /// A message and its siblings, in the order of their variant index, one page of them; `nil` when the client has no
    /// such message.
    ///
    /// - Parameter limit: 1…1000.
    /// - Throws: ``ChatError`` `INVALID_REQUEST` for a cursor that is not one of this list.
    func variants(
        of message: MessageID,
        client: ClientID,
        limit: Int,
        after cursor: PageCursor?
    ) async throws -> VariantPage?

    /// Makes a message part of the active path: it and every message above it become the active ones of their siblings;
    /// below it the path goes on along the children that were active.
    ///
    /// - Returns: the message as it is now; `nil` when the client has no such message.
    func activate(_ message: MessageID, of client: ClientID) async throws -> Message?
}

/// One page of a message and its siblings.
public struct VariantPage: Sendable {
    public var variants: Page<Message>
    /// The place of the active one among all of them, on whatever page; of the one asked about when none is active.
    public var currentIndex: Int

    public init(variants: Page<Message>, currentIndex: Int) {
        self.variants = variants
        self.currentIndex = currentIndex
    }
}
