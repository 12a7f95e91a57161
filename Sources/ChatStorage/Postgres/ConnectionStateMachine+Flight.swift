extension ConnectionStateMachine {
    /// An operation whose answers are owed.
    struct Flight {
        /// Stands for the synchronization point, where an index of a statement is meant.
        static let endIndex = -1
        /// Stands for the ROLLBACK sent after a failure.
        static let rollBackIndex = -2

        let operation: PostgresOperation
        /// The first command by which a commit may happen, counted in what ``enqueue`` returned.
        private let commitCommand: Int?
        /// How many of its commands libpq took.
        var handedCommands = 0
        private(set) var results: [ResultSet] = []
        private(set) var failure: ServerFailure?
        private(set) var isRollingBack = false
        private var isCommitted = false
        /// The server ended the session before it could have come to the commit.
        var isKnownUncommitted = false

        init(operation: PostgresOperation, commitCommand: Int?) {
            self.operation = operation
            self.commitCommand = commitCommand
        }

        /// Whether the answer owed for the statement `index` may stand for a commit; `nil` is no statement.
        func mayCommit(at index: Int?) -> Bool {
            switch operation.commit {
            case .none: false
            case .atEnd: index == Self.endIndex
            // Past the commit the question is answered: it was done.
            case .atStatement(let statement): index == statement || index == Self.endIndex
            }
        }

        mutating func completed(_ index: Int, _ result: ResultSet) {
            if operation.commit == .atStatement(index) { isCommitted = true }
            if index >= 0 { results.append(result) }
        }

        /// The first failure counts, the rest follow from it. One after the commit cannot undo it.
        mutating func fail(_ failure: ServerFailure) {
            if self.failure == nil { self.failure = failure }
        }

        mutating func beginRollBack() {
            isRollingBack = true
        }

        func loss(_ error: PostgresError) -> ConnectionStateMachine.Loss {
            if handedCommands == 0 { return .unsent(operation) }
            if let failure { return .fail(operation, failure.error) }
            if isCommitted { return .succeed(operation, results) }
            let mayBeCommitted = commitCommand.map { handedCommands > $0 } ?? false
            let code: PostgresError.Code =
                mayBeCommitted && !isKnownUncommitted ? .outcomeUnknown : .connectionLost
            return .fail(operation, PostgresError(code, error.message))
        }
    }
}

extension PostgresOperation {
    /// The operation is a step of its caller's own transaction.
    var isLeased: Bool { sharing == .exclusive }

    /// What its statements are prepared as.
    var statementKeys: Set<EncodedStatement.Key> {
        guard case .statements(let statements) = work else { return [] }
        return Set(statements.map(\.key))
    }
}
