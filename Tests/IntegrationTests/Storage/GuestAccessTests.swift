import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// What a guest wrote is theirs for as long as the share is in force.
@Suite struct GuestAccessTests {
    private func expectAccess(
        to begun: BegunExchange,
        of guest: Guest,
        in storage: StorageFixture,
        _ isGranted: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for id in [begun.userMessage.id, begun.response.id] {
            let owner = try await storage.directory.owner(ofMessage: id, by: guest.clientID)
            #expect(owner == (isGranted ? storage.owner : nil), sourceLocation: sourceLocation)
            let found = try await storage.recreations.guest(ofMessage: id, in: storage.owner)
            #expect(found == (isGranted ? guest : nil), sourceLocation: sourceLocation)
            let stream = try await storage.directory.stream(id, for: guest.clientID)
            #expect((stream != nil) == isGranted, sourceLocation: sourceLocation)
        }
    }

    @Test func theGuestWhoWroteItHasAccessAndNobodyElse() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let (own, owners) = (
                try await storage.converse(by: guest, in: session), try await storage.converse(in: session)
            )
            try await expectAccess(to: own, of: guest, in: storage, true)
            for client in [try StorageFixture.client("carol"), storage.owner] {
                #expect(try await storage.directory.owner(ofMessage: own.response.id, by: client) == nil)
            }
            try await expectAccess(to: owners, of: guest, in: storage, false)
            #expect(try await storage.recreations.guest(ofMessage: own.response.id, in: guest.clientID) == nil)
        }
    }

    @Test func revokingEndsIt() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let (guest, other) = (try await storage.guest(in: session), try await storage.guest("carol", in: session))
            let (begun, others) = (
                try await storage.converse(by: guest, in: session), try await storage.converse(by: other, in: session)
            )
            try await storage.revoke(guest, in: session)
            try await expectAccess(to: begun, of: guest, in: storage, false)
            try await expectAccess(to: others, of: other, in: storage, true)
            // The owner keeps what was written.
            #expect(try await storage.messages.message(begun.response.id, of: storage.owner)?.state == .complete)
            // Another share gives the old branch back to write in, not to look at.
            let again = try await storage.guest(in: session)
            try await expectAccess(to: begun, of: again, in: storage, false)
            _ = try await storage.converse(by: again, in: session, under: .message(begun.response.id))
        }
    }

    @Test func expiryEndsIt() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let begun = try await storage.converse(by: guest, in: session)
            try await storage.database.query("UPDATE shares SET expires_at = now() + interval '1 h'")
            try await expectAccess(to: begun, of: guest, in: storage, true)
            try await storage.database.query("UPDATE shares SET expires_at = now() - interval '1 s'")
            try await expectAccess(to: begun, of: guest, in: storage, false)
        }
    }

    @Test(arguments: [true, false])
    func aShareThatIsForgottenTakesItsRowsAlong(byCleanUp: Bool) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            try await storage.converse(by: guest, in: session)
            #expect(try await storage.database.query("SELECT count(*) FROM guest_messages") == "2")
            try await storage.database.query("UPDATE shares SET expires_at = now() - interval '1 s'")
            if byCleanUp {
                try await ExpiredRecords(client: storage.client).delete(limit: 10)
            } else {
                _ = try await storage.share(session)
            }
            #expect(try await storage.database.query("SELECT count(*) FROM guest_messages") == "0")
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "2")
            try await storage.database.checkTree()
        }
    }

    @Test func aSessionIsDeletedWithItsGuests() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let begun = try await storage.converse(by: guest, in: session)
            #expect(
                try await storage.edits.deleteSession(session, of: storage.owner, evenWhileStreaming: false) == .deleted
            )
            try await expectAccess(to: begun, of: guest, in: storage, false)
            #expect(try await storage.database.query("SELECT count(*) FROM guest_messages") == "0")
        }
    }

    @Test func theDatabaseKeepsNoGuestWithoutAShareOfTheSession() async throws {
        try await withStorage { storage in
            let (session, other) = (try await storage.makeSession(), try await storage.makeSession())
            let share = try await storage.share(other)
            let error = await #expect(throws: PostgresError.self) {
                try await storage.client.execute(
                    Statement(
                        """
                        INSERT INTO guest_messages (client_id, session_id, message_id, guest_id, share_id)
                        VALUES ('alice', $1, gen_random_uuid(), 'bob', $2)
                        """,
                        [.uuid(session.uuid), .uuid(share.id.uuid)]
                    )
                )
            }
            #expect(error?.constraint == "guest_messages_share_fkey")
        }
    }
}
