import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct MessageTreeTests {
    @Test func siblingsAreShownInTheirOrder() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            var siblings: [MessageID] = []
            for text in ["a", "b", "c"] {
                siblings.append(
                    try await storage.converse(in: session, under: .message(root.response.id), text: text)
                        .userMessage.id
                )
            }
            for asked in siblings {
                let variants = try await storage.tree.variants(of: asked, client: storage.owner)
                #expect(variants.map(\.id) == siblings)
                #expect(variants.map(\.variantIndex) == [0, 1, 2])
                #expect(variants.allSatisfy { $0.totalVariants == 3 })
                #expect(variants.map(\.isActive) == [false, false, true])
                #expect(variants.first == (try await storage.messages.message(siblings[0], of: storage.owner)))
            }
            #expect(
                try await storage.tree.variants(of: root.userMessage.id, client: storage.owner).map(\.id)
                    == [root.userMessage.id]
            )
        }
    }

    @Test func aMessageIsBroughtOntoTheActivePathWithAllAboveIt() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            let old = try await storage.converse(in: session)
            let deepOld = try await storage.converse(in: session)
            let deepNew = try await storage.converse(in: session, under: .message(old.response.id))
            let new = try await storage.converse(in: session, under: .message(root.response.id))
            let trunk = [root.userMessage.id, root.response.id]
            #expect(try await storage.activePath(of: session) == trunk + [new.userMessage.id, new.response.id])
            let eventCount = try await storage.events.lastSeqs(of: [storage.owner])
            let before = try await storage.session(session)

            let activated = try #require(try await storage.tree.activate(deepOld.userMessage.id, of: storage.owner))
            #expect(activated.id == deepOld.userMessage.id)
            #expect(activated.isActive)
            let oldPath = trunk + [old.userMessage.id, old.response.id]
            #expect(
                try await storage.activePath(of: session)
                    == oldPath + [deepOld.userMessage.id, deepOld.response.id]
            )
            // Below what is activated the path goes on as it went there before.
            _ = try await storage.tree.activate(new.userMessage.id, of: storage.owner)
            _ = try await storage.tree.activate(deepNew.userMessage.id, of: storage.owner)
            _ = try await storage.tree.activate(new.userMessage.id, of: storage.owner)
            _ = try await storage.tree.activate(old.userMessage.id, of: storage.owner)
            #expect(
                try await storage.activePath(of: session)
                    == oldPath + [deepNew.userMessage.id, deepNew.response.id]
            )
            // What is on the path already stays as it is.
            _ = try await storage.tree.activate(root.userMessage.id, of: storage.owner)
            #expect(try await storage.activePath(of: session).count == 6)
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == eventCount)
            #expect(try await storage.session(session) == before)
            try await storage.database.checkTree()
        }
    }

    /// Nothing makes a second root over the API yet, but the schema has them.
    @Test func rootsAreSiblings() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let second = MessageID.make()
            try await storage.database.query(
                """
                INSERT INTO messages (client_id, session_id, message_id, role, content, is_active, state, author_id,
                    session_type_id, created_at)
                VALUES ('alice', '\(session)', '\(second)', 'user', '[]', false, 'complete', 'alice',
                    gen_random_uuid(), now())
                """
            )
            let other = try await storage.makeSession()
            try await storage.converse(in: other)
            let variants = try await storage.tree.variants(of: second, client: storage.owner)
            #expect(variants.map(\.id) == [first.userMessage.id, second])
            #expect(variants.map(\.totalVariants) == [2, 2])
            _ = try await storage.tree.activate(second, of: storage.owner)
            #expect(try await storage.activePath(of: session) == [second])
            _ = try await storage.tree.activate(first.response.id, of: storage.owner)
            #expect(try await storage.activePath(of: session) == [first.userMessage.id, first.response.id])
            #expect(try await storage.activePath(of: other).count == 2)
            try await storage.database.checkTree()
        }
    }

    @Test func aForeignMessageIsLikeAnUnknownOne() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            let mallory = try #require(ClientID("mallory"))
            for id in [begun.response.id, .make()] {
                #expect(try await storage.tree.variants(of: id, client: mallory).isEmpty)
                #expect(try await storage.tree.activate(id, of: mallory) == nil)
                #expect(
                    try await storage.reactions.setReaction(.like, to: id, of: mallory, user: mallory)
                        == .messageNotFound
                )
            }
        }
    }

    @Test func aReactionIsKeptPerUserWithTheOneBefore() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let message = try await storage.converse(in: session).response.id
            let bob = try #require(ClientID("bob"))
            func react(_ reaction: Reaction, as user: ClientID) async throws -> ReactionOutcome {
                try await storage.reactions.setReaction(reaction, to: message, of: storage.owner, user: user)
            }
            #expect(try await react(.none, as: bob) == .unchanged)
            #expect(try await react(.like, as: storage.owner) == .changed(from: .none))
            #expect(try await react(.like, as: storage.owner) == .unchanged)
            #expect(try await react(.dislike, as: bob) == .changed(from: .none))
            #expect(try await react(.dislike, as: storage.owner) == .changed(from: .like))
            #expect(try await react(.none, as: storage.owner) == .changed(from: .dislike))
            #expect(try await react(.none, as: storage.owner) == .unchanged)
            #expect(
                try await storage.database.query(
                    "SELECT user_id, reaction_type, previous_reaction_type FROM reactions ORDER BY user_id"
                ) == "alice|none|dislike\nbob|dislike|none"
            )
        }
    }
}
