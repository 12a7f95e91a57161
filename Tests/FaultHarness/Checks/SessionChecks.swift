/// Sessions, their metadata, reactions and shares are what was acknowledged.
enum SessionChecks {
    static func violations(in operations: [Operation], _ database: DatabaseSnapshot) -> [String] {
        let index = OperationIndex(operations)
        let back = index.deleted.filter { database.sessions[$0] != nil }.map { "deleted, and there: \($0)" }
        let created = operations.filter { $0.kind == .createSession && $0.outcome != .failed }
        let twice = created.compactMap { creation -> String? in
            let count = database.sessions.count { $0.value.contains(creation.mark) }
            return count > 1 ? "made \(count) times: \(creation.name)" : nil
        }
        return back + twice
            + index.ofLivingSessions(in: database).flatMap { session, operations -> [String] in
                guard let names = database.sessions[session] else {
                    let created = operations.contains { $0.kind == .createSession && $0.outcome == .ok }
                    return created ? ["lost: session \(session)"] : []
                }
                return operations.filter { $0.kind == .patch }.flatMap { violations(ofPatch: $0, names) }
                    + operations.filter { $0.kind == .share }.flatMap { violations(ofShare: $0, database) }
                    + violations(ofReactions: operations.filter { $0.kind == .react }, database)
            }
    }

    private static func violations(ofPatch patch: Operation, _ names: Set<String>) -> [String] {
        switch patch.outcome {
        case .ok where !names.contains(patch.mark): ["lost: \(patch.name)"]
        case .failed where names.contains(patch.mark): ["refused, and stored: \(patch.name)"]
        default: []
        }
    }

    private static func violations(ofShare share: Operation, _ database: DatabaseSnapshot) -> [String] {
        guard share.outcome == .ok, let token = share.value else { return [] }
        return database.openShares.contains(token) ? [] : ["lost: \(share.name)"]
    }

    /// Of each message the last acknowledged reaction holds, or one of those after it that nobody knows of.
    private static func violations(ofReactions reactions: [Operation], _ database: DatabaseSnapshot) -> [String] {
        Dictionary(grouping: reactions, by: { $0.message ?? "" }).flatMap { message, reactions -> [String] in
            guard let last = reactions.last(where: { $0.outcome == .ok }) else { return [] }
            let later = reactions.reversed().prefix { $0.outcome != .ok }.filter { $0.outcome == .unknown }
            let possible = Set((later + [last]).map { $0.value ?? "none" })
            let key = DatabaseSnapshot.Reaction(client: last.client, message: message)
            let found = database.reactions[key] ?? "none"
            return possible.contains(found) ? [] : ["\(found) instead of \(possible.sorted()): \(last.name)"]
        }
    }
}
