import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct LongSessionTests {
    private static let length = 10_000

    /// A session whose active path is ``length`` messages long, with a branch in the middle of it.
    private func makeLongSession(in storage: StorageFixture) async throws -> SessionID {
        let session = try await storage.makeSession()
        try await storage.database.query(
            """
            DO $$
            BEGIN
                -- In portions, with statistics in between, as a session grows in life.
                FOR portion IN 0..9 LOOP
                    INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content,
                        is_active, state, author_id, session_type_id, created_at)
                    SELECT 'alice', '\(session)', md5('m' || number)::uuid,
                        CASE WHEN number > 1 THEN md5('m' || (number - 1))::uuid END,
                        CASE WHEN number % 2 = 1 THEN 'user' ELSE 'assistant' END,
                        jsonb_build_array(jsonb_build_object('type', 'text', 'text', number::text)), true, 'complete',
                        'alice', '\(storage.type.id)', now() + number * interval '1 microsecond'
                    FROM generate_series(portion * 1000 + 1, portion * 1000 + 1000) AS number;
                    ANALYZE messages;
                END LOOP;
                INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content,
                    is_active, state, author_id, session_type_id, created_at)
                VALUES ('alice', '\(session)', gen_random_uuid(), md5('m5000')::uuid, 'user', '[]', false, 'complete',
                    'alice', '\(storage.type.id)', now());
                UPDATE sessions SET active_leaf_message_id = md5('m10000')::uuid WHERE session_id = '\(session)';
            END
            $$
            """
        )
        return session
    }

    private func texts(_ messages: [Message]) -> [String] {
        messages.map { message in
            if case .text(let text)? = message.content.first { text } else { "?" }
        }
    }

    @Test func theHistoryOfALongPathIsWhole() async throws {
        try await withStorage { storage in
            let session = try await makeLongSession(in: storage)
            let begun = try await storage.begin(storage.exchange(in: session))
            #expect(texts(begun.history) == (1...Self.length).map(String.init))
            #expect(begun.history.filter { $0.totalVariants == 2 }.map(\.id).count == 1)
            try await storage.finish(begun.response.id)
            let capped = try await storage.begin(storage.exchange(in: session, historyLimit: 4))
            #expect(texts(capped.history).prefix(2) == ["9999", "10000"])
            try await storage.database.checkTree()
        }
    }

    @Test func branchingInTheMiddleOfALongPath() async throws {
        try await withStorage { storage in
            let session = try await makeLongSession(in: storage)
            let middle = try await storage.database.query("SELECT md5('m5000')::uuid")
            let parent = try #require(MessageID(middle))
            let branch = try await storage.converse(in: session, under: .message(parent))
            #expect(branch.history.count == 5000)
            #expect(branch.userMessage.variantIndex == 2)
            let query = MessageQuery(clientID: storage.owner, sessionID: session, limit: 3, isDescending: true)
            let page = try #require(try await storage.messages.messages(query))
            #expect(page.elements.map(\.id) == [branch.response.id, branch.userMessage.id, parent])
            try await storage.database.checkTree()
        }
    }

    @Test func aLongPathInPages() async throws {
        try await withStorage { storage in
            let session = try await makeLongSession(in: storage)
            var query = MessageQuery(clientID: storage.owner, sessionID: session, limit: 1000)
            var read: [Message] = []
            repeat {
                let page = try #require(try await storage.messages.messages(query))
                read += page.elements
                query.cursor = page.nextCursor
            } while query.cursor != nil
            #expect(texts(read) == (1...Self.length).map(String.init))
        }
    }
}
