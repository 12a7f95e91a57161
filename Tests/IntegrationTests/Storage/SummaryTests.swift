import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite struct SummaryTests {
    @Test func aCompleteSummaryStandsInTheSessionsMetadata() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.converse(in: session)
            _ = try await storage.edits.patchMetadata(["title": "A"], of: session, client: storage.owner)
            let summary = storage.summary(of: session)
            let history = try await storage.begin(summary)
            #expect(history.map(\.id) == [begun.userMessage.id, begun.response.id])
            #expect(try await storage.summaries.result(of: summary.summaryID, client: storage.owner) == nil)
            #expect(try await storage.updates().count == 1)
            let before = try #require(try await storage.session(session))
            let content: [ContentPart] = [
                .text("They said hello."), .image(url: "https://files.example/a.png", mimeType: nil),
                .code("let a = 1", language: "swift"),
            ]
            let result = try #require(
                try await storage.summaries.finish(
                    storage.end(
                        of: summary.summaryID,
                        content: content,
                        metadata: ["usage": ["input_tokens": 9], "state": "forged"]
                    )
                )
            )
            #expect(result.state == .complete && result.chunks == 3 && result.content == content)
            #expect(result.metadata == ["usage": ["input_tokens": 9]])
            let metadata: JSONObject = ["title": "A", "summary": "They said hello.\n\nlet a = 1"]
            let after = try #require(try await storage.session(session))
            #expect(JSONValue.object(after.metadata).sorted == JSONValue.object(metadata).sorted)
            #expect(after.updatedAt > before.updatedAt)
            #expect(try await storage.updates().last?.sorted == ["metadata": JSONValue.object(metadata).sorted])
            let kept = try #require(
                try await storage.summaries.result(of: summary.summaryID, client: storage.owner)
            )
            #expect(kept.state == .complete && kept.chunks == 3 && kept.content == content && kept.message == nil)
            #expect(kept.metadata == result.metadata)
            try await storage.database.checkEventLog()
        }
    }

    @Test func theSameSummaryOnceMoreIsNotTold() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for _ in 0..<2 {
                let summary = storage.summary(of: session)
                try await storage.begin(summary)
                #expect(try await storage.summaries.finish(storage.end(of: summary.summaryID)) != nil)
            }
            #expect(try await storage.updates().count == 1)
        }
    }

    @Test(arguments: [Message.State.stopped, .failed, .timedOut, .abandoned])
    func whatIsNotCompleteLeavesTheSessionAlone(state: Message.State) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let before = try await storage.session(session)
            let summary = storage.summary(of: session)
            try await storage.begin(summary)
            let result = try await storage.summaries.finish(storage.end(of: summary.summaryID, as: state))
            #expect(result?.state == state)
            #expect(try await storage.session(session) == before)
            #expect(try await storage.updates().isEmpty)
            let kept = try await storage.summaries.result(of: summary.summaryID, client: storage.owner)
            #expect(kept?.state == state)
        }
    }

    @Test func aSummaryTooLargeForTheMetadataIsNotWritten() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let summary = storage.summary(of: session)
            try await storage.begin(summary)
            let long = String(repeating: "x", count: SessionEditRepository.maximumMetadataBytes)
            let error = await #expect(throws: ChatError.self) {
                try await storage.summaries.finish(storage.end(of: summary.summaryID, content: [.text(long)]))
            }
            #expect(error?.code == .internalError)
            #expect(try await storage.session(session)?.metadata == [:])
            #expect(try await storage.updates().isEmpty)
            #expect(try await storage.summaries.result(of: summary.summaryID, client: storage.owner) == nil)
            // It can still be ended in another way.
            #expect(try await storage.summaries.finish(storage.end(of: summary.summaryID, as: .failed)) != nil)
        }
    }

    @Test func aRunEndsOnceAndByItsNode() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            let summary = storage.summary(of: session)
            try await storage.begin(summary)
            let id = summary.summaryID
            #expect(try await storage.summaries.checkpoint(storage.checkpoint(of: id)))
            #expect(try await storage.summaries.checkpoint(storage.checkpoint(of: id, node: .make())) == false)
            for state in [Message.State.complete, .stopped] {
                #expect(try await storage.summaries.finish(storage.end(of: id, as: state, node: .make())) == nil)
            }
            let ended = try await withThrowingTaskGroup(of: StreamResult?.self) { group in
                for number in 0..<8 {
                    let end = storage.end(
                        of: id,
                        as: number.isMultiple(of: 2) ? .complete : .stopped,
                        content: [.text("\(number)")]
                    )
                    group.addTask { try await storage.summaries.finish(end) }
                }
                return try await group.compactMap { $0 }.reduce(into: []) { $0.append($1) }
            }
            #expect(ended.count == 1)
            let kept = try await storage.summaries.result(of: id, client: storage.owner)
            #expect(kept?.content == ended.first?.content)
            #expect(try await storage.updates().count == (kept?.state == .complete ? 1 : 0))
            #expect(try await storage.summaries.checkpoint(storage.checkpoint(of: id)) == false)
        }
    }

    @Test func aSummaryAndAPatchAtOnceAreBothKept() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            for round in 0..<10 {
                let summary = storage.summary(of: session)
                try await storage.begin(summary)
                let end = storage.end(of: summary.summaryID, content: [.text("\(round)")])
                async let ended = storage.summaries.finish(end)
                _ = try await storage.edits.patchMetadata(
                    ["k\(round)": 1],
                    of: session,
                    client: storage.owner
                )
                #expect(try await ended != nil)
                let metadata = try await storage.session(session)?.metadata
                #expect(metadata?.count == round + 2)
                #expect(metadata?["summary"] == .string("\(round)"))
            }
            try await storage.database.checkEventLog()
        }
    }

    @Test func theHistoryIsTheActivePath() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            #expect(try await storage.begin(storage.summary(of: session)).isEmpty)
            let first = try await storage.converse(in: session)
            _ = try await storage.converse(in: session)
            let second = try await storage.converse(in: session, under: .message(first.response.id))
            let running = try await storage.begin(storage.exchange(in: session))
            _ = try await storage.messages.checkpoint(storage.checkpoint(of: running.response.id))
            let path = [
                first.userMessage.id, first.response.id, second.userMessage.id, second.response.id,
                running.userMessage.id,
            ]
            #expect(try await storage.begin(storage.summary(of: session)).map(\.id) == path)
            #expect(try await storage.begin(storage.summary(of: session, historyLimit: 2)).map(\.id) == path.suffix(2))
        }
    }

    @Test func aRepeatedKeyStartsNothingTwice() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.converse(in: session)
            let summary = storage.summary(of: session, key: "k")
            let history = try await storage.begin(summary)
            // The commit was not confirmed, and the same comes once more.
            #expect(try await storage.begin(summary) == history)
            let id = summary.summaryID
            guard
                case .repeated(id) = try await storage.summaries.beginSummary(storage.summary(of: session, key: "k"))
            else {
                Issue.record("a key was used twice")
                return
            }
            _ = try await storage.summaries.finish(storage.end(of: id))
            guard case .repeated(id) = try await storage.summaries.beginSummary(summary) else {
                Issue.record("a summary that has ended is begun again")
                return
            }
            var other = summary
            other.idempotency.digest = "e"
            guard case .keyReused = try await storage.summaries.beginSummary(other) else {
                Issue.record("a key was used for another request")
                return
            }
            #expect(try await storage.database.query("SELECT count(*) FROM summaries") == "1")
        }
    }

    @Test func aForeignSessionIsLikeAnUnknownOne() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let running = storage.summary(of: session)
            try await storage.begin(running)
            let mallory = try StorageFixture.client("mallory")
            var foreign = storage.summary(of: session)
            foreign.clientID = mallory
            for summary in [foreign, storage.summary(of: .make())] {
                guard case .sessionNotFound = try await storage.summaries.beginSummary(summary) else {
                    Issue.record("found")
                    continue
                }
            }
            _ = try await storage.summaries.finish(storage.end(of: running.summaryID))
            #expect(try await storage.summaries.result(of: running.summaryID, client: mallory) == nil)
            #expect(try await storage.database.query("SELECT count(*) FROM summaries") == "1")
        }
    }

    @Test func aRunIsDeletedWithItsSession() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let summary = storage.summary(of: session)
            try await storage.begin(summary)
            #expect(
                try await storage.edits.deleteSession(session, of: storage.owner, evenWhileStreaming: false)
                    == .streaming([summary.summaryID])
            )
            #expect(
                try await storage.edits.deleteSession(session, of: storage.owner, evenWhileStreaming: true) == .deleted
            )
            // Its owner is fenced off.
            #expect(try await storage.summaries.checkpoint(storage.checkpoint(of: summary.summaryID)) == false)
            #expect(try await storage.summaries.finish(storage.end(of: summary.summaryID)) == nil)
            #expect(try await storage.database.query("SELECT count(*) FROM summaries") == "0")
            #expect(try await storage.updates() == [["deleted": true]])
        }
    }

    @Test func endedRunsAreForgottenAfterADay() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let (ended, running) = (storage.summary(of: session), storage.summary(of: session))
            try await storage.begin(ended)
            try await storage.begin(running)
            _ = try await storage.summaries.finish(storage.end(of: ended.summaryID))
            let cleanUp = ExpiredRecords(client: storage.client)
            #expect(try await cleanUp.delete(limit: 10) == 0)
            try await storage.database.query("UPDATE summaries SET started_at = now() - interval '25 h'")
            #expect(try await cleanUp.delete(limit: 10) == 1)
            #expect(try await storage.summaries.result(of: ended.summaryID, client: storage.owner) == nil)
            #expect(try await storage.summaries.checkpoint(storage.checkpoint(of: running.summaryID)))
        }
    }
}
