/// Writes exchanges that several backends answer. Errors as in ``MessageStore``.
public protocol MultiExchangeStore: Sendable {
    /// Does what ``MessageStore/beginExchange(_:)`` does, and in the same transaction writes `furtherAnswers` as empty
    /// streaming siblings of the answer, in their order and not active, each with its lease.
    func beginExchange(_ exchange: NewExchange, furtherAnswers: [FurtherAnswer]) async throws -> MultiExchangeOutcome
}

/// One more answer to the same user message.
public struct FurtherAnswer: Hashable, Sendable {
    public var messageID: MessageID
    public var sessionTypeID: SessionTypeID

    public init(messageID: MessageID, sessionTypeID: SessionTypeID) {
        self.messageID = messageID
        self.sessionTypeID = sessionTypeID
    }
}

public enum MultiExchangeOutcome: Sendable {
    /// Committed; the responses are in the order asked for.
    case begun(userMessage: Message, responses: [Message], history: [Message])
    /// Nothing was written, for the reason given; never ``ExchangeOutcome/begun(userMessage:response:history:)``.
    case refused(ExchangeOutcome)
}
