import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct RecreationTests {
    @Test func anotherAnswerTakesThePlaceOfTheOldOne() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let second = try await storage.converse(in: session)
            let old = try await storage.messages.message(second.response.id, of: storage.owner)
            let recreation = storage.recreation(of: second.response.id, in: session)
            let (response, history) = try await storage.begin(recreation)
            #expect(response.id == recreation.responseMessageID)
            #expect(response.parentMessageID == second.userMessage.id)
            #expect(response.variantIndex == 1 && response.totalVariants == 2 && response.isActive)
            #expect(response == (try await storage.messages.message(response.id, of: storage.owner)))
            #expect(history.map(\.id) == [first.userMessage.id, first.response.id, second.userMessage.id])
            let path = [first.userMessage.id, first.response.id, second.userMessage.id, response.id]
            #expect(try await storage.activePath(of: session) == path)
            // Nobody is told before it has ended.
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 4])
            try await storage.finish(response.id)
            #expect(try await storage.told(storage.owner).last == response.id.description)
            let kept = try #require(try await storage.messages.message(second.response.id, of: storage.owner))
            #expect(kept.content == old?.content && !kept.isActive)
            let changed = try #require(try await storage.session(session))
            #expect(changed.updatedAt >= response.createdAt)
            try await storage.database.checkTree()
        }
    }

    @Test func beforeTheLeafTheNewAnswerEndsThePath() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            try await storage.converse(in: session)
            let (response, history) = try await storage.begin(
                storage.recreation(of: first.response.id, in: session)
            )
            #expect(history.map(\.id) == [first.userMessage.id])
            #expect(try await storage.activePath(of: session) == [first.userMessage.id, response.id])
            try await storage.finish(response.id)
            // The one that is active and the one that is not can both be replaced once more.
            let again = try await storage.begin(storage.recreation(of: first.response.id, in: session)).response
            #expect(again.variantIndex == 2)
            try await storage.database.checkTree()
        }
    }

    @Test func inAnInactiveBranchThePathStaysAsItWas() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let root = try await storage.converse(in: session)
            let hidden = try await storage.converse(in: session)
            _ = try await storage.converse(in: session, under: .message(root.response.id))
            let path = try await storage.activePath(of: session)
            let (response, history) = try await storage.begin(
                storage.recreation(of: hidden.response.id, in: session, historyLimit: 2)
            )
            #expect(response.isActive)
            #expect(history.map(\.id) == [root.response.id, hidden.userMessage.id])
            #expect(try await storage.activePath(of: session) == path)
            try await storage.database.checkTree()
        }
    }

    @Test func whatCannotBeReplaced() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let other = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            let running = try await storage.begin(storage.exchange(in: session))
            func outcome(_ message: MessageID, in session: SessionID) async throws -> RecreationOutcome {
                try await storage.recreations.beginRecreation(storage.recreation(of: message, in: session))
            }
            for (message, session) in [
                (MessageID.make(), session), (begun.response.id, other), (begun.response.id, .make()),
            ] {
                guard case .messageNotFound = try await outcome(message, in: session) else {
                    Issue.record("found")
                    continue
                }
            }
            guard case .notAnAnswer = try await outcome(begun.userMessage.id, in: session) else {
                Issue.record("a question was answered")
                return
            }
            guard case .streaming = try await outcome(running.response.id, in: session) else {
                Issue.record("a running answer was replaced")
                return
            }
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "4")
            #expect(try await storage.database.query("SELECT count(*) FROM idempotency_keys") == "0")
            // Beside a running answer another finished one may be.
            try await storage.finish(running.response.id)
            _ = try await storage.begin(storage.recreation(of: running.response.id, in: session))
            _ = try await storage.begin(storage.recreation(of: running.response.id, in: session))
            try await storage.database.checkTree()
        }
    }

    @Test func aForeignMessageIsLikeAnUnknownOne() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            let mallory = try StorageFixture.client("mallory")
            #expect(try await storage.recreations.messageInSession(begun.response.id, of: mallory) == nil)
            var recreation = storage.recreation(of: begun.response.id, in: session)
            recreation.clientID = mallory
            guard case .messageNotFound = try await storage.recreations.beginRecreation(recreation) else {
                Issue.record("found")
                return
            }
        }
    }

    @Test func aMessageIsReadWithItsSessionAndType() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            let found = try #require(
                try await storage.recreations.messageInSession(begun.response.id, of: storage.owner)
            )
            #expect(found.message == (try await storage.messages.message(begun.response.id, of: storage.owner)))
            #expect(found.session == (try await storage.session(session)))
            #expect(found.type == storage.type)
        }
    }

    @Test func aRepeatedKeyStartsNothingTwice() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            let recreation = storage.recreation(of: begun.response.id, in: session, key: "k")
            let (response, history) = try await storage.begin(recreation)
            // The commit was not confirmed, and the same comes once more.
            let again = try await storage.begin(recreation)
            #expect(again.response == response && again.history == history)
            for message in [begun.response.id, response.id] {
                let repeated = storage.recreation(of: message, in: session, key: "k")
                guard case .repeated(response.id) = try await storage.recreations.beginRecreation(repeated) else {
                    Issue.record("a key was used twice")
                    continue
                }
            }
            try await storage.finish(response.id)
            guard case .repeated(response.id) = try await storage.recreations.beginRecreation(recreation) else {
                Issue.record("a recreation that has ended is begun again")
                return
            }
            var other = recreation
            other.idempotency.digest = "e"
            guard case .keyReused = try await storage.recreations.beginRecreation(other) else {
                Issue.record("a key was used for another request")
                return
            }
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "3")
        }
    }

    @Test func aGuestReplacesOwnAnswersOnly() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let owners = try await storage.converse(in: session)
            let path = try await storage.activePath(of: session)
            let (bob, carol) = (
                try await storage.guest(in: session), try await storage.guest("carol", in: session)
            )
            let own = try await storage.converse(by: bob, in: session)
            let (response, history) = try await storage.begin(
                storage.recreation(of: own.response.id, in: session, by: bob)
            )
            #expect(response.isActive && response.variantIndex == 1 && response.authorID == "bob")
            #expect(history.map(\.id) == path + [own.userMessage.id])
            #expect(try await storage.activePath(of: session) == path)
            #expect(try await storage.recreations.guest(ofMessage: response.id, in: storage.owner) == bob)
            try await storage.finish(response.id)
            #expect(try await storage.told(bob.clientID).last == response.id.description)
            for (message, guest) in [(owners.response.id, bob), (own.response.id, carol)] {
                let recreation = storage.recreation(of: message, in: session, by: guest)
                guard case .messageNotFound = try await storage.recreations.beginRecreation(recreation) else {
                    Issue.record("replaced what is not the guest's")
                    continue
                }
            }
            try await storage.revoke(bob, in: session)
            let recreation = storage.recreation(of: response.id, in: session, by: bob)
            guard case .messageNotFound = try await storage.recreations.beginRecreation(recreation) else {
                Issue.record("replaced without a share")
                return
            }
            try await storage.database.checkTree()
        }
    }

    @Test func onTheOwnersPathAGuestsNewAnswerIsNotActive() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let guest = try await storage.guest(in: session)
            let own = try await storage.converse(by: guest, in: session)
            _ = try await storage.tree.activate(own.response.id, of: storage.owner)
            let path = try await storage.activePath(of: session)
            #expect(path.last == own.response.id)
            let response = try await storage.begin(
                storage.recreation(of: own.response.id, in: session, by: guest)
            ).response
            #expect(!response.isActive && response.variantIndex == 1)
            #expect(try await storage.activePath(of: session) == path)
            try await storage.finish(response.id)
            // The owner's does become active there.
            let owners = try await storage.begin(storage.recreation(of: own.response.id, in: session)).response
            #expect(try await storage.activePath(of: session) == path.dropLast() + [owners.id])
            try await storage.database.checkTree()
        }
    }

    @Test func manyAtOnceBecomeNumberedVariants() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            let indexes = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        let recreation = storage.recreation(of: begun.response.id, in: session)
                        let response = try await storage.begin(recreation).response
                        try await storage.finish(response.id)
                        return response.variantIndex
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(indexes.sorted() == Array(1...24))
            #expect(try await storage.activePath(of: session).count == 2)
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }
}
