import TestSupport
import Testing

extension TestDatabase {
    /// Expects every rule of the message tree (`contract/semantics.md`, 'Message tree') to hold in the whole database,
    /// by looking at the rows alone, whatever constraints there are.
    func checkTree(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for (rule, violations) in TreeRules.violations {
            let found = try await query("SELECT count(*) FROM (\(violations)) AS violation")
            #expect(found == "0", "\(rule)", sourceLocation: sourceLocation)
        }
    }

    /// Expects the events of every client to be numbered 1, 2, 3, … up to the counter.
    func checkEventLog(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let violations = try await query(
            """
            SELECT count(*) FROM event_counters AS counter
            WHERE last_seq <> (SELECT count(*) FROM events WHERE events.client_id = counter.client_id)
                OR last_seq <> (SELECT count(DISTINCT seq) FROM events WHERE events.client_id = counter.client_id)
                OR last_seq <> (SELECT max(seq) FROM events WHERE events.client_id = counter.client_id)
            """
        )
        #expect(violations == "0", sourceLocation: sourceLocation)
    }
}
