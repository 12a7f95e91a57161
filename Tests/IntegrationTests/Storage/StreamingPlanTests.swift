import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Among many rows, and before there are statistics of them, everything is found by an index that holds the client.
@Suite struct StreamingPlanTests {
    /// All but `nodes`, which is small.
    private static let tables = [
        "sessions", "messages", "streams", "shares", "guest_messages", "waiting_requests", "summaries",
        "idempotency_keys",
    ]

    private struct Rows {
        let session: SessionID
        let leaf: MessageID
        let guest: Guest
        let line: WaitingLine
        let ticket: Int64
    }

    /// A session among thousands, whose owner has thousands of everything.
    private func fill(_ storage: StorageFixture) async throws -> Rows {
        let session = try await storage.makeSession()
        let guest = try await storage.guest(in: session)
        try await storage.database.query(
            """
            INSERT INTO sessions (client_id, session_id, session_type_id, created_at, updated_at)
            SELECT 'alice', md5('s' || n)::uuid, '\(storage.type.id)', now(), now() FROM generate_series(1, 3000) AS n;
            INSERT INTO shares (client_id, session_id, share_id, token_hash, created_at)
            SELECT 'alice', md5('s' || n)::uuid, md5('h' || n)::uuid, sha256(n::text::bytea), now()
            FROM generate_series(1, 3000) AS n;
            INSERT INTO messages (client_id, session_id, message_id, parent_message_id, role, content, is_active, state,
                author_id, session_type_id, created_at)
            SELECT 'alice', '\(session)', md5('m' || n)::uuid, CASE WHEN n > 1 THEN md5('m' || (n - 1))::uuid END,
                CASE WHEN n % 2 = 1 THEN 'user' ELSE 'assistant' END, '[{"type": "text", "text": "a"}]', true,
                'complete', 'alice', '\(storage.type.id)', now() + n * interval '1 microsecond'
            FROM generate_series(1, 3000) AS n;
            UPDATE sessions SET active_leaf_message_id = md5('m3000')::uuid WHERE session_id = '\(session)';
            INSERT INTO guest_messages (client_id, session_id, message_id, guest_id, share_id)
            SELECT 'alice', md5('s' || n)::uuid, md5('g' || n)::uuid, 'bob', md5('h' || n)::uuid
            FROM generate_series(1, 3000) AS n;
            INSERT INTO waiting_requests (client_id, session_id, line_id, expires_at)
            SELECT 'alice', md5('s' || n)::uuid, md5('s' || n)::uuid, now() + interval '1 h'
            FROM generate_series(1, 3000) AS n;
            INSERT INTO summaries (client_id, session_id, summary_id, node_id, state, started_at)
            SELECT 'alice', md5('s' || n)::uuid, gen_random_uuid(), gen_random_uuid(),
                CASE WHEN n % 2 = 0 THEN 'streaming' ELSE 'complete' END, now()
            FROM generate_series(1, 3000) AS n;
            INSERT INTO streams (client_id, session_id, message_id, node_id, started_at)
            SELECT 'alice', '\(session)', md5('m' || n)::uuid, gen_random_uuid(), now()
            FROM generate_series(2, 2000, 2) AS n;
            INSERT INTO idempotency_keys (client_id, key, digest, result)
            SELECT 'alice', 'k' || n, 'd', '{}' FROM generate_series(1, 3000) AS n
            """
        )
        let line = storage.line(session)
        return Rows(
            session: session,
            leaf: try #require(MessageID(try await storage.database.query("SELECT md5('m3000')::uuid"))),
            guest: guest,
            line: line,
            ticket: try await storage.enter(line, seconds: 600)
        )
    }

    @Test func noOperationReadsAWholeTable() async throws {
        try await withStorage { migrated in
            let database = migrated.database
            let connection = "\(database.connectionString)?application_name=counted"
            // Statistics that come in the middle would be those of tables that fit on a page.
            for table in ["messages", "sessions", "streams"] {
                try await database.query("ALTER TABLE \(table) SET (autovacuum_enabled = false)")
            }
            let (storage, rows) = try await withPostgresClient(of: connection) { client in
                let storage = StorageFixture(database: database, client: client, owner: migrated.owner)
                try await storage.sessionTypes.createSessionType(storage.type)
                _ = try await storage.leases.renewLease(of: storage.node, seconds: 600)
                return (storage, try await fill(storage))
            }
            let before = try await scans(of: database)
            try await withPostgresClient(of: connection) { try await operate(storage, on: $0, rows) }
            let after = try await scans(of: database)
            #expect(after == before)
        }
    }

    /// How often each table has been read as a whole. What a connection has counted is told at its end, so all that have
    /// done something are waited for.
    private func scans(of database: TestDatabase) async throws -> String {
        while try await database.query(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name IN ('counted', 'psql') AND pid <> pg_backend_pid()
            """
        ) != "0" {}
        let names = Self.tables.map { "'\($0)'" }.joined(separator: ", ")
        return try await database.query(
            """
            SELECT string_agg(relname || ' ' || seq_scan, ', ' ORDER BY relname) FROM pg_stat_user_tables
            WHERE relname IN (\(names))
            """
        )
    }

    /// Everything but what looks for all that is left over.
    private func operate(_ storage: StorageFixture, on client: PostgresClient, _ rows: Rows) async throws {
        let (messages, leases) = (MessageRepository(client: client), StreamLeaseRepository(client: client))
        let (queue, recreations) = (SendQueueRepository(client: client), RecreationRepository(client: client))
        let (summaries, directory) = (SummaryRepository(client: client), StreamDirectoryRepository(client: client))
        func begin(_ exchange: NewExchange) async throws -> MessageID {
            guard case .begun(_, let response, _) = try await messages.beginExchange(exchange) else {
                throw TestSupportError("not begun")
            }
            return response.id
        }
        func begin(_ recreation: NewRecreation) async throws -> MessageID {
            guard case .begun(let response, _) = try await recreations.beginRecreation(recreation) else {
                throw TestSupportError("not begun")
            }
            return response.id
        }
        var sent = storage.exchange(in: rows.session, historyLimit: 4)
        sent.place = .waiting(rows.line, ticket: rows.ticket)
        let key = IdempotencyKey(clientID: storage.owner, key: "k", digest: "d")
        sent.idempotency = key
        let answer = try await begin(sent)
        _ = try await messages.finishStream(storage.end(of: answer))
        let guests = try await begin(storage.exchange(by: rows.guest, in: rows.session, key: "g"))
        _ = try await messages.finishStream(storage.end(of: guests))
        _ = try await begin(storage.exchange(by: rows.guest, in: rows.session, under: .message(guests)))
        _ = try await begin(storage.recreation(of: guests, in: rows.session, by: rows.guest))
        let place = WaitingPlace.arriving(storage.line(rows.session, answer))
        let again = storage.recreation(of: answer, in: rows.session, historyLimit: 4, place: place)
        let streaming = try await begin(again)
        let awaited = storage.line(rows.session, streaming)
        guard
            case .waits(let ticket) = try await recreations.beginRecreation(
                storage.recreation(of: streaming, in: rows.session, place: .arriving(awaited))
            ),
            case .waits = try await recreations.beginRecreation(
                storage.recreation(of: streaming, in: rows.session, place: .waiting(awaited, ticket: ticket))
            )
        else { throw TestSupportError("it does not wait") }
        for reader in [storage.owner, rows.guest.clientID] {
            for id in [answer, guests, .make()] {
                _ = try await directory.stream(id, for: reader)
                _ = try await directory.owner(ofMessage: id, by: reader)
                _ = try await recreations.guest(ofMessage: id, in: reader)
                _ = try await recreations.messageInSession(id, of: reader)
                _ = try await leases.requestStop(of: id, client: reader)
                _ = try await leases.closeOrphan(id, client: reader)
            }
        }
        try await queue.leave(ticket, in: awaited)
        let summary = storage.summary(of: rows.session, historyLimit: 4)
        guard case .begun = try await summaries.beginSummary(summary) else { throw TestSupportError("not begun") }
        _ = try await summaries.checkpoint(storage.checkpoint(of: summary.summaryID))
        _ = try await leases.requestStop(of: summary.summaryID, client: storage.owner)
        _ = try await leases.renewLease(of: storage.node, seconds: 60)
        _ = try await leases.closeForgotten(of: storage.node.id, running: [], after: 600, limit: 10)
        _ = try await directory.stream(summary.summaryID, for: storage.owner)
        _ = try await summaries.finish(storage.end(of: summary.summaryID))
        _ = try await summaries.result(of: summary.summaryID, client: storage.owner)
        _ = try await ShareRepository(client: client).revokeShare(
            .id(rows.guest.shareID),
            of: rows.session,
            client: storage.owner
        )
        let deletion = try await SessionEditRepository(client: client).deleteSession(
            rows.session,
            of: storage.owner,
            evenWhileStreaming: true
        )
        guard deletion == .deleted else { throw TestSupportError("\(deletion)") }
    }

    /// Each look-up names the client in the condition of its index.
    @Test func everyIndexIsReadByClient() async throws {
        try await withStorage { storage in
            let rows = try await fill(storage)
            var exchange = storage.exchange(by: rows.guest, in: rows.session, under: .message(rows.leaf), key: "k")
            exchange.place = .waiting(rows.line, ticket: rows.ticket)
            let recreation = storage.recreation(of: rows.leaf, in: rows.session, by: rows.guest, place: exchange.place)
            let summary = storage.summary(of: rows.session)
            let statements = [
                ExchangeStatements.write(exchange), ExchangeStatements.history(exchange),
                RecreationStatements.write(recreation), RecreationStatements.history(recreation),
                SummaryStatements.write(summary), SummaryStatements.history(summary),
                SummaryStatements.end(storage.end(of: summary.summaryID)),
                SummaryStatements.lockSession(of: summary.summaryID, client: storage.owner),
                StreamDirectoryRepository.look(for: rows.leaf, by: storage.owner),
                StreamDirectoryRepository.lookForOwner(of: rows.leaf, by: rows.guest.clientID),
                GuestAccess.lock(rows.guest, in: rows.session, of: storage.owner),
            ]
            for statement in statements {
                let plan = try await storage.client.execute(
                    Statement("EXPLAIN (VERBOSE) \(statement.sql)", statement.parameters, effect: .readOnly)
                ).map { try $0.text(0) }
                #expect(plan.contains { $0.contains("Index Cond:") })
                for condition in plan where condition.contains("Index Cond:") && !condition.contains("nodes") {
                    let namesClient = condition.contains("client_id") || condition.contains("guest_id")
                    #expect(namesClient, "\(condition)\n\(statement.sql)")
                }
                for table in Self.tables {
                    let scan = "Seq Scan on public.\(table) "
                    #expect(!plan.contains { "\($0) ".contains(scan) }, "\(plan.joined(separator: "\n"))")
                }
            }
        }
    }
}
