/// Everything that is held against a run at its end. Each check is a pure function that returns what is wrong, in words.
enum Checks {
    static func violations(in history: History.Contents, _ database: DatabaseSnapshot) -> [String] {
        history.violations
            + WriteChecks.violations(in: history.operations, database)
            + AnswerChecks.violations(in: history.operations, database)
            + SessionChecks.violations(in: history.operations, database)
            + EventLogChecks.violations(in: history.operations, database)
            + history.views.flatMap { ViewChecks.violations(in: $0, database) }
            + database.leftovers
            + database.brokenRules
    }
}

/// The operations of a run by what they are about.
struct OperationIndex {
    private let bySession: [String: [Operation]]
    /// Sessions whose deletion was acknowledged.
    let deleted: Set<String>
    /// Sessions of which nobody knows whether they were deleted.
    let perhapsDeleted: Set<String>

    init(_ operations: [Operation]) {
        bySession = Dictionary(grouping: operations, by: \.session)
        let deletions = operations.filter { $0.kind == .deleteSession }
        deleted = Set(deletions.filter { $0.outcome == .ok }.map(\.session))
        perhapsDeleted = Set(deletions.filter { $0.outcome == .unknown }.map(\.session))
    }

    /// Operations of sessions that are to be there, by session.
    func ofLivingSessions(in database: DatabaseSnapshot) -> [(session: String, operations: [Operation])] {
        bySession.filter { session, _ in
            !session.isEmpty && !deleted.contains(session)
                && !(perhapsDeleted.contains(session) && database.sessions[session] == nil)
        }
        .map { ($0.key, $0.value) }
    }
}

extension Operation {
    /// For the report.
    var name: String { "\(kind.rawValue) \(mark) of \(client) in \(session) (\(attempts) attempts)" }
}
