import ChatCore
import TestSupport

extension DatabaseSnapshot {
    /// Reads everything; nothing may be going on.
    static func read(_ database: TestDatabase) async throws -> DatabaseSnapshot {
        var snapshot = DatabaseSnapshot()
        for row in try await rows(
            """
            SELECT json_build_object('client', client_id, 'session', session_id, 'id', message_id,
                'parent', parent_message_id, 'role', role, 'state', state, 'content', content)
            FROM messages
            """,
            database
        ) {
            let content = row["content"]?.arrayValue ?? []
            snapshot.messages[row.string("id")] = Message(
                client: row.string("client"),
                session: row.string("session"),
                parent: row["parent"]?.stringValue,
                role: row.string("role"),
                state: row.string("state"),
                text: content.map { $0.string("text") }.joined()
            )
        }
        for row in try await rows("SELECT json_build_object('id', session_id, 'of', metadata) FROM sessions", database)
        {
            snapshot.sessions[row.string("id")] = Set(row["of"]?.objectValue?.map(\.name) ?? [])
        }
        try await snapshot.readEvents(database)
        for row in try await rows(
            """
            SELECT json_build_object('client', user_id, 'message', message_id, 'type', reaction_type)
            FROM reactions WHERE reaction_type <> 'none'
            """,
            database
        ) {
            let reaction = Reaction(client: row.string("client"), message: row.string("message"))
            snapshot.reactions[reaction] = row.string("type")
        }
        for (name, sql) in leftoverQueries where try await database.query("SELECT count(*) FROM \(sql)") != "0" {
            snapshot.leftovers.append(name)
        }
        for (rule, violations) in TreeRules.violations {
            let count = try await database.query("SELECT count(*) FROM (\(violations)) AS violation")
            if count != "0" { snapshot.brokenRules.append("\(rule): \(count) times not") }
        }
        return snapshot
    }

    /// What has to be gone once nothing is going on any more.
    static let leftoverQueries = [
        ("a stream is still running", "streams"),
        ("a message is still being streamed", "messages WHERE state = 'streaming'"),
        ("a summary is still running", "summaries WHERE state = 'streaming'"),
        ("an event was not published", "event_outbox"),
        ("a request still waits", "waiting_requests WHERE expires_at > now()"),
    ]

    private mutating func readEvents(_ database: TestDatabase) async throws {
        for row in try await Self.rows(
            """
            SELECT json_build_object('client', client_id, 'seq', seq, 'kind', kind, 'payload', payload)
            FROM events ORDER BY client_id, seq
            """,
            database
        ) {
            let payload = row["payload"] ?? .null
            let event = Event(
                seq: row["seq"]?.integerValue ?? -1,
                kind: row.string("kind"),
                digest: EventDigest.of(row.string("kind"), payload),
                session: payload.string("session_id"),
                message: payload["message"]?["message_id"]?.stringValue,
                tellsMetadata: payload["updates"]?["metadata"] != nil
            )
            events[row.string("client"), default: []].append(event)
        }
        for row in try await Self.rows(
            "SELECT json_build_object('client', client_id, 'last', last_seq) FROM event_counters",
            database
        ) {
            counters[row.string("client")] = row["last"]?.integerValue
        }
    }

    private static func rows(_ sql: String, _ database: TestDatabase) async throws -> [JSONValue] {
        try await database.query(sql).split(separator: "\n").map { try JSONParser.parse(Array($0.utf8)) }
    }
}

extension JSONValue {
    /// A string of an object; empty when there is none of that name.
    func string(_ name: String) -> String { self[name]?.stringValue ?? "" }
}

/// What stands for a push event where two are compared.
enum EventDigest {
    /// - Parameter payload: with or without the `seq`.
    static func of(_ type: String, _ payload: JSONValue) -> Int {
        var members = payload.objectValue ?? JSONObject()
        members["seq"] = nil
        var hasher = Hasher()
        hasher.combine(type)
        hasher.combine(JSONValue.object(members).canonicalBytes)
        return hasher.finalize()
    }
}
