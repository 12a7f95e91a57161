import CoreMetrics

/// Counts the operations of the first protocol: an operator goes to the next phase when nobody needs the one before.
struct LegacyMetrics: Sendable {
    enum Outcome: String, CaseIterable {
        case answered, failed
        /// The phase does not serve it any more.
        case refused
    }

    private let counters: [LegacyOperation: [Outcome: Counter]]

    init() {
        counters = Dictionary(
            uniqueKeysWithValues: LegacyOperation.allCases.map { operation in
                let outcomes = Outcome.allCases.map { outcome in
                    (
                        outcome,
                        Counter(
                            label: "chat_engine_legacy_operations_total",
                            dimensions: [("operation", operation.rawValue), ("outcome", outcome.rawValue)]
                        )
                    )
                }
                return (operation, Dictionary(uniqueKeysWithValues: outcomes))
            }
        )
    }

    func count(_ operation: LegacyOperation, _ outcome: Outcome) {
        counters[operation]?[outcome]?.increment()
    }
}
