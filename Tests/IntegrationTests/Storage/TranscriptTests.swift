import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct TranscriptTests {
    private func read(
        _ session: SessionID,
        _ scope: ExportScope,
        in storage: StorageFixture,
        afterPage: (Int) async throws -> Void = { _ in }
    ) async throws -> [[Message]] {
        let repository = TranscriptRepository(client: storage.client)
        let transcript = try #require(
            try await repository.transcript(of: session, client: storage.owner, scope: scope)
        )
        var pages: [[Message]] = []
        var position: TranscriptPosition?
        repeat {
            let page = try #require(try await repository.page(of: transcript, after: position))
            pages.append(page.messages)
            try await afterPage(pages.count)
            position = page.next
        } while position != nil
        return pages
    }

    /// A path of `count` messages, with a variant beside every tenth of them.
    private func makeSession(
        _ count: Int,
        in storage: StorageFixture,
        text: String = "number::text"
    ) async throws
        -> SessionID
    {
        let session = try await storage.makeSession()
        try await storage.database.query(
            """
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, is_active, state,
                author_id, session_type_id, created_at)
            SELECT 'alice', '\(session)', md5('m' || number)::uuid,
                CASE WHEN number > 1 THEN md5('m' || (number - 1))::uuid END, 'user',
                jsonb_build_array(jsonb_build_object('type', 'text', 'text', \(text))), true, 'complete', 'alice',
                '\(storage.type.id)', now() + number * interval '1 millisecond'
            FROM generate_series(1, \(count)) AS number
            """
        )
        try await storage.database.query(
            """
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, is_active, state,
                author_id, session_type_id, created_at)
            SELECT 'alice', '\(session)', gen_random_uuid(), md5('m' || (number - 1))::uuid, 'user', '[]', false,
                'complete', 'alice', '\(storage.type.id)', now() + number * interval '1 millisecond'
            FROM generate_series(10, \(count), 10) AS number
            """
        )
        try await storage.database.query(
            "UPDATE sessions SET active_leaf_message_id = md5('m\(count)')::uuid WHERE session_id = '\(session)'"
        )
        return session
    }

    @Test func theActivePathComesWholeAndInOrder() async throws {
        try await withStorage { storage in
            let session = try await makeSession(600, in: storage)
            let pages = try await read(session, .active, in: storage)
            #expect(pages.map(\.count) == [250, 250, 100])
            let listed = try #require(
                try await storage.messages.messages(
                    MessageQuery(clientID: storage.owner, sessionID: session, limit: 1000)
                )
            )
            #expect(pages.flatMap(\.self) == listed.elements)
        }
    }

    @Test func everyBranchComesInTheOrderOfCreation() async throws {
        try await withStorage { storage in
            let session = try await makeSession(600, in: storage)
            let pages = try await read(session, .all, in: storage)
            #expect(pages.map(\.count) == [250, 250, 160])
            let listed = try #require(
                try await storage.messages.messages(
                    MessageQuery(clientID: storage.owner, sessionID: session, path: .all, limit: 1000)
                )
            )
            #expect(pages.flatMap(\.self) == listed.elements)
            #expect(pages.flatMap(\.self).filter { $0.totalVariants == 2 }.count == 120)
        }
    }

    @Test(arguments: ExportScope.allCases)
    func anEmptySessionIsOneEmptyPage(scope: ExportScope) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            #expect(try await read(session, scope, in: storage).map(\.count) == [0])
        }
    }

    @Test(arguments: ExportScope.allCases)
    func foreignAndUnknownSessionsHaveNoTranscript(scope: ExportScope) async throws {
        try await withStorage { storage in
            let repository = TranscriptRepository(client: storage.client)
            let foreign = try await storage.makeSession(of: ClientID("bob"))
            for id in [foreign, .make()] {
                #expect(try await repository.transcript(of: id, client: storage.owner, scope: scope) == nil)
            }
        }
    }

    @Test(arguments: ExportScope.allCases)
    func pagesAreBoundedInBytes(scope: ExportScope) async throws {
        try await withStorage { storage in
            // Text that does not compress: 32 KiB a message.
            let text = "(SELECT string_agg(md5(number || '/' || part), '') FROM generate_series(1, 1024) AS part)"
            let session = try await makeSession(20, in: storage, text: text)
            let pages = try await read(session, scope, in: storage)
            #expect(pages.count >= 3)
            #expect(pages.allSatisfy { (1...10).contains($0.count) })
            #expect(pages.flatMap(\.self).count == (scope == .active ? 20 : 22))
        }
    }

    @Test func whatComesMeanwhileIsNoPartOfIt() async throws {
        try await withStorage { storage in
            let session = try await makeSession(300, in: storage)
            let before = try await storage.activePath(of: session)
            // Another path becomes active between the pages.
            let pages = try await read(session, .active, in: storage) { page in
                if page == 1 { try await storage.converse(in: session, under: .message(before[9])) }
            }
            #expect(pages.flatMap(\.self).map(\.id) == before)

            let all = try await read(session, .all, in: storage) { page in
                if page == 1 { try await storage.converse(in: session) }
            }
            #expect(all.flatMap(\.self).count == 300 + 30 + 2)
        }
    }

    @Test(arguments: ExportScope.allCases)
    func aSessionDeletedMeanwhileEndsTheReading(scope: ExportScope) async throws {
        try await withStorage { storage in
            let session = try await makeSession(300, in: storage)
            let repository = TranscriptRepository(client: storage.client)
            let transcript = try #require(
                try await repository.transcript(of: session, client: storage.owner, scope: scope)
            )
            let page = try #require(try await repository.page(of: transcript, after: nil))
            #expect(page.next != nil)
            try await storage.database.query("DELETE FROM sessions WHERE session_id = '\(session)'")
            #expect(try await repository.page(of: transcript, after: page.next) == nil)
        }
    }
}
