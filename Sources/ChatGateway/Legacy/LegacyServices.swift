public import ChatCore

/// What the operations of the first protocol need from outside.
public struct LegacyServices: Sendable {
    let operations: ChatOperations
    let carryOutOnce: CarryOutOnce
    let sealingKey: @Sendable (_ text: String, _ client: ClientID) -> (any SealingKey)?
    let metrics = LegacyMetrics()

    /// - Parameter sealingKey: makes a key of the id of an envelope; `nil` when the text is none.
    public init(
        operations: ChatOperations,
        keptAnswers: any KeptAnswerStore,
        sealingKey: @escaping @Sendable (_ text: String, _ client: ClientID) -> (any SealingKey)?
    ) {
        self.operations = operations
        carryOutOnce = CarryOutOnce(answers: keptAnswers)
        self.sealingKey = sealingKey
    }
}
