import ChatCore

/// How far the clients of the first protocol have come on their way to REST, 1…5 (`MIGRATION_PHASE`): what is still
/// served.
struct MigrationPhase: Hashable, Sendable {
    let number: Int

    /// 1 and 2 serve everything, 3 what changes something, 4 and 5 nothing.
    func serves(_ operation: LegacyOperation) -> Bool {
        switch operation.kind {
        case .read: number <= 2
        case .write: number <= 3
        }
    }

    /// Why an operation is not served.
    func refusal(of operation: LegacyOperation) -> ChatError {
        ChatError(
            .invalidRequest,
            "\(operation.rawValue) is not served over the WebSocket any more: use \(operation.replacement)."
        )
    }
}
