import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct ShareRepositoryTests {
    private func newShare(_ storage: StorageFixture, of session: SessionID, expiresAt: Timestamp? = nil) -> NewShare {
        NewShare(
            clientID: storage.owner,
            sessionID: session,
            id: .make(),
            token: .make(),
            expiresAt: expiresAt
        )
    }

    @Test func aTokenNamesTheOwnerAndTheSession() async throws {
        try await withStorage { storage in
            let shares = ShareRepository(client: storage.client)
            let sessions = [try await storage.makeSession(), try await storage.makeSession()]
            for id in sessions {
                let share = newShare(storage, of: id)
                guard case .created = try await shares.createShare(share) else {
                    Issue.record("not shared")
                    return
                }
                let shared = try #require(try await shares.session(sharedBy: share.token))
                #expect(shared.session.id == id)
                #expect(shared.session.clientID == storage.owner)
                #expect(shared.shareID == share.id)
            }
            #expect(try await shares.session(sharedBy: .make()) == nil)
        }
    }

    @Test func aTokenIsFoundByItsHashAmongMany() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.database.query(
                """
                INSERT INTO shares (client_id, session_id, share_id, token_hash, created_at)
                SELECT 'alice', '\(session)', gen_random_uuid(), sha256(n::text::bytea), now()
                FROM generate_series(1, 20000) AS n
                """
            )
            let plan = try await storage.database.query(
                """
                EXPLAIN SELECT s.session_id
                FROM shares
                JOIN sessions AS s ON s.client_id = shares.client_id AND s.session_id = shares.session_id
                WHERE shares.token_hash = sha256('\\x00') AND (shares.expires_at IS NULL OR shares.expires_at > now())
                """
            )
            #expect(plan.contains("shares_by_token"))
            #expect(!plan.contains("Seq Scan on shares"))
        }
    }

    @Test func expiredSharesMakeRoomForNewOnes() async throws {
        try await withStorage { storage in
            let shares = ShareRepository(client: storage.client)
            let session = try await storage.makeSession()
            try await storage.database.query(
                """
                INSERT INTO shares (client_id, session_id, share_id, token_hash, created_at, expires_at)
                SELECT 'alice', '\(session)', gen_random_uuid(), sha256(n::text::bytea), now(),
                    now() + CASE WHEN n = 1 THEN interval '-1 s' ELSE interval '1 h' END
                FROM generate_series(1, 100) AS n
                """
            )
            guard case .created = try await shares.createShare(newShare(storage, of: session)) else {
                Issue.record("not shared")
                return
            }
            guard case .tooMany = try await shares.createShare(newShare(storage, of: session)) else {
                Issue.record("shared")
                return
            }
            #expect(try await shares.shares(of: session, client: storage.owner)?.count == 100)
            #expect(try await storage.database.query("SELECT count(*) FROM shares") == "100")
        }
    }

    @Test func theDatabaseKeepsNoTokenThatIsNoHash() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            await #expect(throws: (any Error).self) {
                try await storage.database.query(
                    """
                    INSERT INTO shares (client_id, session_id, share_id, token_hash, created_at)
                    VALUES ('alice', '\(session)', gen_random_uuid(), '\\x01', now())
                    """
                )
            }
        }
    }
}
