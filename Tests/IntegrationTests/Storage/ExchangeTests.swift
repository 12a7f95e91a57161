import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct ExchangeTests {
    @Test func writesTheMessageAndItsAnswer() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            var exchange = storage.exchange(in: session, text: "Grüß Gott")
            exchange.fileURLs = ["https://files.example/a.pdf"]
            let begun = try await storage.begin(exchange)
            let user = try await storage.messages.message(begun.userMessage.id, of: storage.owner)
            let response = try await storage.messages.message(begun.response.id, of: storage.owner)
            #expect(user == begun.userMessage)
            #expect(response == begun.response)
            #expect(user?.content == [.text("Grüß Gott")])
            #expect(user?.fileURLs == ["https://files.example/a.pdf"])
            #expect(user?.parentMessageID == nil)
            #expect(user?.isComplete == true)
            #expect(response?.parentMessageID == exchange.userMessageID)
            #expect(response?.state == .streaming)
            #expect(begun.history.isEmpty)
            try await storage.database.checkTree()
        }
    }

    @Test func hangsUnderTheLeafOfTheActivePath() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let second = try await storage.converse(in: session)
            #expect(second.userMessage.parentMessageID == first.response.id)
            let path = [first.userMessage.id, first.response.id, second.userMessage.id, second.response.id]
            #expect(try await storage.activePath(of: session) == path)
            let third = try await storage.begin(storage.exchange(in: session))
            #expect(third.history.map(\.id) == path)
            #expect(third.history.map(\.state) == [.complete, .complete, .complete, .complete])
            try await storage.database.checkTree()
        }
    }

    @Test func aBranchTakesOverTheActivePath() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let second = try await storage.converse(in: session)
            let branch = try await storage.converse(in: session, under: .message(first.response.id))
            #expect(branch.userMessage.variantIndex == 1)
            #expect(branch.userMessage.totalVariants == 2)
            #expect(branch.history.map(\.id) == [first.userMessage.id, first.response.id])
            #expect(
                try await storage.activePath(of: session)
                    == [first.userMessage.id, first.response.id, branch.userMessage.id, branch.response.id]
            )
            let old = try await storage.messages.message(second.userMessage.id, of: storage.owner)
            #expect(old?.isActive == false)
            #expect(old?.totalVariants == 2)
            try await storage.database.checkTree()
        }
    }

    @Test func aMessageInAnInactiveBranchLeavesTheActivePath() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let second = try await storage.converse(in: session)
            _ = try await storage.converse(in: session, under: .message(first.response.id))
            let path = try await storage.activePath(of: session)
            let hidden = try await storage.converse(in: session, under: .message(second.response.id))
            #expect(hidden.userMessage.isActive)
            #expect(
                hidden.history.map(\.id)
                    == [first.userMessage.id, first.response.id, second.userMessage.id, second.response.id]
            )
            #expect(try await storage.activePath(of: session) == path)
            try await storage.database.checkTree()
        }
    }

    @Test func aMessageCanBeSentUnderAUserMessage() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session)
            let under = try await storage.converse(in: session, under: .message(first.userMessage.id))
            #expect(under.userMessage.parentMessageID == first.userMessage.id)
            #expect(under.userMessage.variantIndex == 1)
            #expect(under.history.map(\.id) == [first.userMessage.id])
            try await storage.database.checkTree()
        }
    }

    @Test func historyIsCappedAndSkipsEmptyFailures() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let first = try await storage.converse(in: session, text: "1")
            let failed = try await storage.begin(storage.exchange(in: session, text: "2"))
            try await storage.finish(failed.response.id, as: .failed, content: [])
            let partial = try await storage.begin(storage.exchange(in: session, text: "3"))
            try await storage.finish(partial.response.id, as: .stopped, content: [.text("par")])
            let all = [
                first.userMessage.id, first.response.id, failed.userMessage.id, partial.userMessage.id,
                partial.response.id,
            ]
            let capped = try await storage.begin(storage.exchange(in: session, historyLimit: 3))
            #expect(capped.history.map(\.id) == all.suffix(3))
            try await storage.finish(capped.response.id)
            let branch = storage.exchange(in: session, under: .message(partial.response.id))
            #expect(try await storage.begin(branch).history.map(\.id) == all)
        }
    }

    @Test func aStreamingParentIsRefused() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.begin(storage.exchange(in: session))
            for parent in [NewExchange.Parent.activeLeaf, .message(begun.response.id)] {
                let outcome = try await storage.messages.beginExchange(storage.exchange(in: session, under: parent))
                guard case .parentStreaming(begun.response.id) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            // Beside it, on another branch, streams run side by side.
            _ = try await storage.begin(storage.exchange(in: session, under: .message(begun.userMessage.id)))
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "4")
            try await storage.database.checkTree()
            try await storage.database.checkEventLog()
        }
    }

    @Test func foreignAndUnknownThingsAreRefusedAlike() async throws {
        try await withStorage { storage in
            let stranger = try #require(ClientID("mallory"))
            let foreign = try await storage.makeSession(of: stranger)
            let begun = try await storage.begin(storage.exchange(in: foreign, of: stranger))
            try await storage.finish(begun.response.id, of: stranger)
            let own = try await storage.makeSession()
            for session in [foreign, .make()] {
                let outcome = try await storage.messages.beginExchange(storage.exchange(in: session))
                guard case .sessionNotFound = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            for parent in [begun.response.id, .make()] {
                let exchange = storage.exchange(in: own, under: .message(parent))
                let outcome = try await storage.messages.beginExchange(exchange)
                guard case .parentNotFound = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
            }
            #expect(try await storage.messages.message(begun.response.id, of: storage.owner) == nil)
            let query = MessageQuery(clientID: storage.owner, sessionID: foreign)
            #expect(try await storage.messages.messages(query) == nil)
        }
    }

    @Test func aRepeatedKeyStartsNothingTwice() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let key = IdempotencyKey(clientID: storage.owner, key: "envelope", digest: "a")
            let begun = try await storage.begin(storage.exchange(in: session, idempotency: key))
            let again = try await storage.messages.beginExchange(storage.exchange(in: session, idempotency: key))
            guard case .repeated(begun.userMessage.id, begun.response.id) = again else {
                Issue.record("\(again)")
                return
            }
            var other = key
            other.digest = "b"
            let reused = try await storage.messages.beginExchange(storage.exchange(in: session, idempotency: other))
            guard case .keyReused = reused else {
                Issue.record("\(reused)")
                return
            }
            #expect(try await storage.database.query("SELECT count(*) FROM messages") == "2")
            #expect(try await storage.events.lastSeqs(of: [storage.owner]) == [storage.owner: 1])
        }
    }

    @Test func aRefusedRequestDoesNotUseUpItsKey() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let key = IdempotencyKey(clientID: storage.owner, key: "envelope", digest: "a")
            let begun = try await storage.begin(storage.exchange(in: session))
            _ = try await storage.messages.beginExchange(storage.exchange(in: session, idempotency: key))
            try await storage.finish(begun.response.id)
            _ = try await storage.begin(storage.exchange(in: session, idempotency: key))
        }
    }

    @Test func aKeyIsForgottenAfterADay() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let key = IdempotencyKey(clientID: storage.owner, key: "envelope", digest: "a")
            let first = try await storage.begin(storage.exchange(in: session, idempotency: key))
            try await storage.finish(first.response.id)
            try await storage.database.query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
            let second = try await storage.begin(storage.exchange(in: session, idempotency: key))
            #expect(second.userMessage.id != first.userMessage.id)
            try await storage.database.query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
            #expect(try await ExpiredRecords(client: storage.client).delete(limit: 10) == 1)
        }
    }

    @Test func oneKeyInTwoSessionsAtOnceIsCarriedOutOnce() async throws {
        try await withStorage(poolSize: 8) { storage in
            for round in 0..<10 {
                let outcomes = try await withThrowingTaskGroup(of: ExchangeOutcome.self) { group in
                    for number in 0..<4 {
                        let session = try await storage.makeSession()
                        let key = IdempotencyKey(clientID: storage.owner, key: "\(round)", digest: "\(number)")
                        group.addTask {
                            try await storage.messages.beginExchange(storage.exchange(in: session, idempotency: key))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let begun = outcomes.filter { if case .begun = $0 { true } else { false } }
                let reused = outcomes.filter { if case .keyReused = $0 { true } else { false } }
                #expect(begun.count == 1)
                #expect(reused.count == 3)
            }
            try await storage.database.checkTree()
        }
    }

    @Test func timesWithinASessionStrictlyIncrease() async throws {
        try await withStorage { storage in
            // A session made by a node whose clock is ahead.
            let session = try await storage.makeSession(updatedAt: Timestamp.now.advanced(bySeconds: 3600))
            for _ in 0..<3 { try await storage.converse(in: session) }
            let query = MessageQuery(clientID: storage.owner, sessionID: session, path: .all)
            let all = try #require(try await storage.messages.messages(query)).elements
            #expect(all.map(\.id) == (try await storage.activePath(of: session)))
            #expect(zip(all, all.dropFirst()).allSatisfy { $0.createdAt < $1.createdAt })
        }
    }
}
