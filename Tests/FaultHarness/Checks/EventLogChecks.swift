/// The log is gapless, tells once of every message in its final form and of every change of the metadata, and of nothing
/// else.
enum EventLogChecks {
    static func violations(in operations: [Operation], _ database: DatabaseSnapshot) -> [String] {
        database.counters.keys.sorted().flatMap { violations(ofNumbers: $0, database) }
            + violations(ofMessages: database)
            + OperationIndex(operations).ofLivingSessions(in: database).flatMap { session, operations in
                violations(ofPatches: operations.filter { $0.kind == .patch }, session, database)
            }
    }

    private static func violations(ofNumbers client: String, _ database: DatabaseSnapshot) -> [String] {
        let numbers = (database.events[client] ?? []).map(\.seq)
        let expected = Array(1...max(database.counters[client] ?? 0, 1))
        return numbers == expected ? [] : ["the log of \(client) has \(numbers.count) of \(expected.count) numbers"]
    }

    private static func violations(ofMessages database: DatabaseSnapshot) -> [String] {
        var told: [String: Int] = [:]
        var strange: [String] = []
        for (client, events) in database.events {
            for event in events {
                guard let message = event.message, database.sessions[event.session] != nil else { continue }
                if database.messages[message] == nil { strange.append("told, and not there: message \(message)") }
                if database.messages[message]?.client == client { told[message, default: 0] += 1 }
            }
        }
        return strange
            + database.messages.filter { $0.value.state != "streaming" && told[$0.key] != 1 }
            .map { "told \(told[$0.key] ?? 0) times: message \($0.key) of \($0.value.session), \($0.value.state)" }
    }

    /// Each changes the metadata, so each makes one event.
    private static func violations(
        ofPatches patches: [Operation],
        _ session: String,
        _ database: DatabaseSnapshot
    ) -> [String] {
        guard let client = patches.first?.client else { return [] }
        let told = (database.events[client] ?? []).count { $0.session == session && $0.tellsMetadata }
        let least = patches.count { $0.outcome == .ok }
        let most = least + patches.count { $0.outcome == .unknown }
        return (least...most).contains(told)
            ? [] : ["\(told) instead of \(least) to \(most) changes of the metadata of \(session) were told"]
    }
}
