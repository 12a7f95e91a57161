import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// What a guest writes stands beside the owner's active path (`contract/semantics.md`, 'Identity and authorization').
@Suite struct GuestExchangeTests {
    @Test func aGuestBranchesFromTheLeafAndLeavesThePath() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let path = try await storage.activePath(of: session)
            let guest = try await storage.guest(in: session)
            let begun = try await storage.begin(storage.exchange(by: guest, in: session))
            #expect(begun.userMessage.parentMessageID == first.response.id)
            #expect(begun.userMessage.isActive == false)
            #expect(begun.response.isActive)
            #expect(begun.history.map(\.id) == path)
            for message in [begun.userMessage, begun.response] {
                #expect(message.authorID == "bob")
                #expect(try await storage.messages.message(message.id, of: storage.owner) == message)
            }
            #expect(try await storage.activePath(of: session) == path)
            // The owner goes on beside it, while the guest's answer is streaming.
            let second = try await storage.converse(in: session)
            #expect(second.userMessage.variantIndex == 1)
            #expect(second.userMessage.isActive)
            let longer = path + [second.userMessage.id, second.response.id]
            #expect(try await storage.activePath(of: session) == longer)
            try await storage.finish(begun.response.id)
            #expect(try await storage.activePath(of: session) == longer)
            try await storage.database.checkTree()
        }
    }

    @Test func anEmptySessionStaysEmptyForItsOwner() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let roots = [
                try await storage.converse(by: guest, in: session), try await storage.converse(by: guest, in: session),
            ]
            #expect(roots.map(\.userMessage.variantIndex) == [0, 1])
            #expect(roots.allSatisfy { !$0.userMessage.isActive && $0.userMessage.parentMessageID == nil })
            #expect(try await storage.activePath(of: session).isEmpty)
            try await storage.database.checkTree()
            let own = try await storage.converse(in: session)
            #expect(own.userMessage.variantIndex == 2)
            #expect(try await storage.activePath(of: session) == [own.userMessage.id, own.response.id])
            try await storage.database.checkTree()
        }
    }

    @Test func inTheGuestsOwnBranchTheNewestIsActive() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let path = try await storage.activePath(of: session)
            let guest = try await storage.guest(in: session)
            let first = try await storage.converse(by: guest, in: session)
            let under = NewExchange.Parent.message(first.response.id)
            let second = try await storage.converse(by: guest, in: session, under: under)
            let third = try await storage.converse(by: guest, in: session, under: under)
            #expect(second.userMessage.isActive && third.userMessage.isActive)
            #expect(third.history.map(\.id) == path + [first.userMessage.id, first.response.id])
            let old = try await storage.messages.message(second.userMessage.id, of: storage.owner)
            #expect(old?.isActive == false)
            #expect(try await storage.activePath(of: session) == path)
            try await storage.database.checkTree()
        }
    }

    /// The owner may look at a guest's branch; from then on it is the owner's path, which the guest leaves alone.
    @Test func aBranchTheOwnerHasMadeActiveIsLeftAlone() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let guest = try await storage.guest(in: session)
            let first = try await storage.converse(by: guest, in: session)
            let second = try await storage.converse(
                by: guest,
                in: session,
                under: .message(first.response.id)
            )
            _ = try await storage.tree.activate(first.userMessage.id, of: storage.owner)
            let path = try await storage.activePath(of: session)
            #expect(path.suffix(2) == [second.userMessage.id, second.response.id])
            for parent in [first.userMessage.id, first.response.id, second.response.id] {
                let begun = try await storage.converse(by: guest, in: session, under: .message(parent))
                #expect(begun.userMessage.isActive == false)
                #expect(try await storage.activePath(of: session) == path)
            }
            try await storage.database.checkTree()
        }
    }

    @Test func whereAGuestMayNotWrite() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            let hidden = try await storage.converse(in: session)
            _ = try await storage.converse(in: session, under: .message(root.response.id))
            let (bob, carol) = (
                try await storage.guest(in: session), try await storage.guest("carol", in: session)
            )
            let carols = try await storage.converse(by: carol, in: session)
            let foreign = try await storage.converse(in: try await storage.makeSession())
            let before = try await storage.database.query("SELECT count(*) FROM messages")
            for parent in [root.userMessage.id, root.response.id] {
                let exchange = storage.exchange(by: bob, in: session, under: .message(parent))
                let outcome = try await storage.messages.beginExchange(exchange)
                guard case .parentNotForGuests = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            let unknown = [
                hidden.userMessage.id, hidden.response.id, carols.userMessage.id, carols.response.id,
                foreign.response.id, MessageID.make(),
            ]
            for parent in unknown {
                let exchange = storage.exchange(by: bob, in: session, under: .message(parent))
                let outcome = try await storage.messages.beginExchange(exchange)
                guard case .parentNotFound = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == before)
            // The leaf may also be named.
            let leaf = try #require(try await storage.activePath(of: session).last)
            let begun = try await storage.converse(by: bob, in: session, under: .message(leaf))
            #expect(begun.userMessage.parentMessageID == leaf)
            #expect(begun.userMessage.isActive == false)
            try await storage.database.checkTree()
        }
    }

    @Test func aLeafThatIsStreamingIsRefused() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let running = try await storage.begin(storage.exchange(in: session))
            let guest = try await storage.guest(in: session)
            for parent in [NewExchange.Parent.activeLeaf, .message(running.response.id)] {
                let exchange = storage.exchange(by: guest, in: session, under: parent)
                let outcome = try await storage.messages.beginExchange(exchange)
                guard case .parentStreaming(running.response.id) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
        }
    }

    @Test func withoutAShareInForceThereIsNoSession() async throws {
        try await withStorage { storage in
            let (session, other) = (try await storage.makeSession(), try await storage.makeSession())
            let revoked = try await storage.guest(in: session)
            try await storage.revoke(revoked, in: session)
            let expired = try await storage.guest(in: session)
            try await storage.database.query("UPDATE shares SET expires_at = now() - interval '1 s'")
            let guests = [
                revoked, expired, try await storage.guest(in: other),
                Guest(clientID: revoked.clientID, shareID: .make()),
            ]
            for guest in guests {
                let exchange = storage.exchange(by: guest, in: session)
                let outcome = try await storage.messages.beginExchange(exchange)
                guard case .sessionNotFound = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "0")
            #expect(try await storage.events.lastSeqs(of: [storage.owner, revoked.clientID]) == [:])
        }
    }

    @Test func ownerAndGuestAreToldOfQuestionAndAnswer() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let begun = try await storage.begin(storage.exchange(by: guest, in: session))
            let question = begun.userMessage.id.description
            for client in [storage.owner, guest.clientID] {
                #expect(try await storage.told(client) == [question])
            }
            let ended = try #require(try await storage.finish(begun.response.id))
            for client in [storage.owner, guest.clientID] {
                #expect(try await storage.told(client) == [question, begun.response.id.description])
                let event = try #require(try await storage.events.events(of: client, after: 1, limit: 10).events.first)
                let payload = try JSONParser.parse(event.payload)
                #expect(payload["message"]?.sorted == ended.json.sorted)
                #expect(payload["message"]?["author_id"] == "bob")
            }
            let interrupted = try await storage.begin(storage.exchange(by: guest, in: session))
            try await storage.leases.endLease(of: storage.node.id)
            _ = try await storage.leases.closeOrphans(limit: 10)
            for client in [storage.owner, guest.clientID] {
                #expect(try await storage.told(client).last == interrupted.response.id.description)
            }
            try await storage.database.checkEventLog()
        }
    }

    @Test func theKeyIsTheGuests() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let exchange = storage.exchange(by: guest, in: session, key: "k")
            let begun = try await storage.begin(exchange)
            // The commit was not confirmed, and the same exchange comes once more.
            let again = try await storage.begin(exchange)
            #expect(again.userMessage == begun.userMessage && again.response == begun.response)
            var repeated = storage.exchange(by: guest, in: session, key: "k")
            repeated.parent = .message(begun.response.id)
            guard
                case .repeated(begun.userMessage.id, begun.response.id) = try await storage.messages.beginExchange(
                    repeated
                )
            else {
                Issue.record("a key was used twice")
                return
            }
            let owners = IdempotencyKey(clientID: storage.owner, key: "k", digest: "d")
            _ = try await storage.begin(storage.exchange(in: session, idempotency: owners))
        }
    }

    /// A revocation and a guest's request at once: either the request came first, or it finds no session.
    @Test func revokingAtTheSameTimeLeavesNothingHalfDone() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            for _ in 0..<20 {
                let guest = try await storage.guest(in: session)
                let exchange = storage.exchange(by: guest, in: session)
                async let outcome = storage.messages.beginExchange(exchange)
                try await storage.revoke(guest, in: session)
                switch try await outcome {
                case .begun(_, let response, _): try await storage.finish(response.id)
                case .sessionNotFound:
                    #expect(try await storage.messages.message(exchange.userMessageID, of: storage.owner) == nil)
                case let outcome: Issue.record("\(outcome)")
                }
                #expect(try await storage.directory.owner(ofMessage: exchange.userMessageID, by: guest.clientID) == nil)
            }
            #expect(try await storage.database.query("SELECT count(*) FROM guest_messages") == "0")
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    /// The request holds on to the share from the moment it found it in force.
    @Test func aRevocationWaitsForTheRequestThatCameFirst() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            let guest = try await storage.guest(in: session)
            let exchange = storage.exchange(by: guest, in: session)
            try await storage.client.withTransaction { transaction in
                for lock in ExchangeStatements.locks(session, of: storage.owner, guest: guest) {
                    _ = try await transaction.execute(lock)
                }
                async let revoked: Void = storage.revoke(guest, in: session)
                try await storage.database.untilBlocked()
                let row = try #require(try await transaction.execute(ExchangeStatements.write(exchange)).first)
                #expect(try row.text(0) == "accepted")
                try await transaction.commit()
                try await revoked
            }
            #expect(try await storage.database.query("SELECT count(*) FROM guest_messages") == "0")
            #expect(try await storage.messages.message(exchange.userMessageID, of: storage.owner) != nil)
        }
    }
}
