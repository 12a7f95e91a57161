import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// The database refuses what the rules of `contract/semantics.md` forbid, whoever writes.
@Suite struct SchemaRuleTests {
    /// Expects the database to refuse `sql` because of this constraint.
    private func expectRefusal(
        by constraint: String,
        _ sql: String,
        in storage: StorageFixture,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let error = await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) {
            try await storage.client.execute(Statement(sql))
        }
        #expect(error?.constraint == constraint, "\(error as Any)", sourceLocation: sourceLocation)
    }

    private func insertion(
        into session: SessionID,
        parent: MessageID?,
        role: Message.Role = .user,
        state: Message.State = .complete,
        variantIndex: Int? = nil,
        isActive: Bool = false,
        client: String = "alice"
    ) -> String {
        """
        INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, variant_index,
            is_active, state, author_id, session_type_id, created_at)
        VALUES ('\(client)', '\(session)', '\(MessageID.make())', \(parent.map { "'\($0)'" } ?? "NULL"),
            '\(role.rawValue)', '[]', \(variantIndex.map { String($0) } ?? "NULL"), \(isActive), '\(state.rawValue)',
            'alice', gen_random_uuid(), now())
        """
    }

    @Test func aParentIsOfTheSameSessionAndClient() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let other = try await storage.makeSession()
            let mallory = try #require(ClientID("mallory"))
            let stranger = try await storage.makeSession(of: mallory)
            let begun = try await storage.converse(in: session)
            let parent = begun.response.id
            await expectRefusal(by: "messages_parent_fkey", insertion(into: other, parent: parent), in: storage)
            await expectRefusal(
                by: "messages_parent_fkey",
                insertion(into: stranger, parent: parent, client: "mallory"),
                in: storage
            )
            await expectRefusal(by: "messages_parent_fkey", insertion(into: session, parent: .make()), in: storage)
            await expectRefusal(by: "messages_session_fkey", insertion(into: .make(), parent: nil), in: storage)
        }
    }

    @Test func aParentIsNotStreaming() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.begin(storage.exchange(in: session))
            await expectRefusal(
                by: "messages_parent_streaming",
                insertion(into: session, parent: begun.response.id),
                in: storage
            )
        }
    }

    @Test func siblingsAreNumberedWithoutDuplicates() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            await expectRefusal(
                by: "messages_root_variant_key",
                insertion(into: session, parent: nil, variantIndex: 0),
                in: storage
            )
            await expectRefusal(
                by: "messages_variant_key",
                insertion(into: session, parent: begun.userMessage.id, variantIndex: 0),
                in: storage
            )
            // Left to the database, the next number is given.
            _ = try await storage.client.execute(Statement(insertion(into: session, parent: nil)))
            _ = try await storage.client.execute(Statement(insertion(into: session, parent: nil)))
            let numbers = try await storage.database.query(
                "SELECT array_agg(variant_index ORDER BY variant_index) FROM messages WHERE parent_message_id IS NULL"
            )
            #expect(numbers == "{0,1,2}")
        }
    }

    @Test func oneSiblingIsActive() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            await expectRefusal(
                by: "messages_one_active_sibling",
                insertion(into: session, parent: nil, isActive: true),
                in: storage
            )
            await expectRefusal(
                by: "messages_one_active_sibling",
                insertion(into: session, parent: begun.userMessage.id, isActive: true),
                in: storage
            )
        }
    }

    @Test(arguments: [
        "parent_message_id = NULL", "session_id = gen_random_uuid()", "client_id = 'mallory'", "role = 'system'",
        "variant_index = 7", "message_id = gen_random_uuid()", "author_id = 'mallory'", "depth = 9",
        "branch_id = gen_random_uuid()", "created_at = now() + interval '1 day'",
    ])
    func whereAMessageStandsNeverChanges(_ change: String) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            await expectRefusal(
                by: "messages_place_never_changes",
                "UPDATE messages SET \(change) WHERE message_id = '\(begun.response.id)'",
                in: storage
            )
        }
    }

    @Test(arguments: [
        #"content = '[{"type": "text", "text": "forged"}]'"#, "state = 'streaming'", "state = 'failed'",
        #"file_urls = '["http://forged.example"]'"#,
    ])
    func contentThatIsCompleteNeverChanges(_ change: String) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            await expectRefusal(
                by: "messages_content_never_changes",
                "UPDATE messages SET \(change) WHERE message_id = '\(begun.response.id)'",
                in: storage
            )
            // Flags do change.
            _ = try await storage.client.execute(Statement("UPDATE messages SET is_active = false"))
        }
    }

    @Test func aUserMessageIsNeverStreaming() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            await expectRefusal(
                by: "messages_state_of_role_check",
                insertion(into: session, parent: nil, role: .user, state: .streaming),
                in: storage
            )
        }
    }

    @Test func aMessageIsDeletedOnlyWithItsSession() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            _ = try await storage.begin(storage.exchange(in: session))
            await expectRefusal(by: "messages_deleted_with_session", "DELETE FROM messages", in: storage)
            _ = try await storage.client.execute(Statement("DELETE FROM sessions"))
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "0")
            #expect(try await storage.database.query("SELECT count(*) FROM streams") == "0")
        }
    }

    @Test(arguments: [
        ("timeout_seconds", "0"), ("timeout_seconds", "301"), ("max_duration_seconds", "3601"),
        ("max_connections", "10001"), ("history_limit", "0"),
    ])
    func limitsOfASessionTypeHold(_ column: String, _ value: String) async throws {
        try await withStorage { storage in
            await expectRefusal(
                by: "session_types_\(column)_check",
                "UPDATE session_types SET \(column) = \(value)",
                in: storage
            )
        }
    }

    @Test func aSessionTypeInUseCannotBeDeleted() async throws {
        try await withStorage { storage in
            _ = try await storage.makeSession()
            await expectRefusal(by: "sessions_session_type_fkey", "DELETE FROM session_types", in: storage)
        }
    }
}
