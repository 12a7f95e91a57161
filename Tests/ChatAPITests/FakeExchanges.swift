import ChatCore

/// Begins nothing: what is sent to several backends is tested on the real database.
struct FakeExchanges: MultiExchangeStore {
    func beginExchange(_ exchange: NewExchange, furtherAnswers: [FurtherAnswer]) async throws -> MultiExchangeOutcome {
        .refused(.sessionNotFound)
    }
}
