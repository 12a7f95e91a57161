import Testing

@testable import FaultHarness

/// Each check finds what it is there for, and nothing in a run in which nothing went wrong.
@Suite struct CheckTests {
    typealias Spoil = @Sendable (inout History.Contents, inout DatabaseSnapshot) -> Void

    @Test func aRunInWhichNothingWentWrongPasses() {
        #expect(SampleRun.violations { _, _ in } == [])
    }

    @Test("What is wrong is found", arguments: spoils)
    func spoiled(name: String, expected: String, spoil: Spoil) {
        let violations = SampleRun.violations(spoil)
        #expect(violations.contains { $0.contains(expected) }, "\(name): \(violations)")
    }

    @Test("What nobody knows of may be there once or not at all", arguments: [0, 1, 2])
    func unknown(copies: Int) {
        let violations = SampleRun.violations { history, database in
            history.operations.append(SampleRun.operation(.send, "m9") { $0.outcome = .unknown })
            for copy in 0..<copies {
                database.messages["copy-\(copy)"] = SampleRun.message("user", "complete", "m9", parent: "answer")
                let seq = Int64(5 + copy)
                database.events[SampleRun.client]?.append(SampleRun.told("copy-\(copy)", seq))
                database.counters[SampleRun.client] = seq
                history.views[0].events.append(DeviceView.Event(seq: seq, digest: 10 * Int(seq)))
            }
        }
        #expect(violations.count == (copies > 1 ? 1 : 0), "\(violations)")
    }

    @Test("A session that was deleted, or perhaps, need not have anything", arguments: ["ok", "unknown"])
    func deleted(outcome: String) throws {
        let outcome = try #require(FaultHarness.Operation.Outcome(rawValue: outcome))
        let violations = SampleRun.violations { history, database in
            history.operations.append(SampleRun.operation(.deleteSession, "m9") { $0.outcome = outcome })
            database.sessions = [:]
            database.messages = [:]
            database.reactions = [:]
            database.openShares = []
        }
        #expect(violations == [])
    }

    @Test func anAnswerOfADeadNodeMayBeShorterThanWhatWasSeen() {
        let violations = SampleRun.violations { history, database in
            history.operations[2].answer?.state = nil
            database.messages["answer"]?.state = "interrupted"
            database.messages["answer"]?.text = "word1"
        }
        #expect(violations == [])
    }

    private static let spoils: [(String, String, Spoil)] = [
        ("a lost message", "lost: send", { _, database in database.messages["question"] = nil }),
        (
            "a message under another id", "under another id",
            { history, _ in history.operations[2].question = "yet another" }
        ),
        ("a refused message", "refused", { history, _ in history.operations[2].outcome = .failed }),
        (
            "a message stored twice", "stored 2 times",
            { _, database in database.messages["copy"] = SampleRun.message("user", "complete", "m2") }
        ),
        (
            "a message in another session", "another session",
            { _, database in database.messages["question"]?.session = "other" }
        ),
        (
            "an answer too many", "answers instead of",
            { history, _ in history.operations.removeAll { $0.kind == .recreate } }
        ),
        ("an announced message", "announced and lost", { _, database in database.messages["answer"] = nil }),
        ("another state", "told as complete", { _, database in database.messages["answer"]?.state = "failed" }),
        ("other text", "stored", { _, database in database.messages["answer"]?.text = "word1 m2 more" }),
        (
            "half an answer", "not whole",
            { history, database in
                history.operations[2].answer?.text = "word1"
                database.messages["answer"]?.text = "word1"
            }
        ),
        (
            "an error of a complete answer", "told as an error",
            { history, _ in history.operations[2].answer?.state = nil }
        ),
        (
            "a stop that did not stop", "told that it was stopped",
            { history, database in
                history.operations[3].answer?.state = "complete"
                database.messages["another"]?.state = "complete"
            }
        ),
        ("a lost session", "lost: session", { _, database in database.sessions = [:] }),
        (
            "a deleted session", "deleted, and there",
            { history, _ in history.operations.append(SampleRun.operation(.deleteSession, "m9")) }
        ),
        ("a session made twice", "made 2 times", { _, database in database.sessions["copy"] = ["m0"] }),
        ("a lost patch", "lost: patch", { _, database in database.sessions["session"] = ["m0"] }),
        ("a refused patch", "refused, and stored", { history, _ in history.operations[1].outcome = .failed }),
        ("a lost share", "lost: share", { _, database in database.openShares = [] }),
        ("a lost reaction", "none instead of", { _, database in database.reactions = [:] }),
        ("a gap of the log", "the log of", { _, database in database.events["client"]?.remove(at: 1) }),
        (
            "an event too many", "told 2 times",
            { _, database in
                database.events["client"]?.append(SampleRun.told("answer", 5))
                database.counters["client"] = 5
            }
        ),
        ("an event of nothing", "told, and not there", { _, database in database.messages["another"] = nil }),
        (
            "a message nobody was told of", "told 0 times",
            { _, database in database.messages["silent"] = SampleRun.message("user", "complete", "x") }
        ),
        (
            "a change told twice", "changes of the metadata",
            { _, database in
                database.events["client"]?[3].tellsMetadata = true
            }
        ),
        ("an event told twice", "again", { history, _ in history.views[0].events.append(SampleRun.view.events[3]) }),
        ("events out of order", "instead of 2", { history, _ in history.views[0].events.swapAt(1, 2) }),
        ("an event not told", "3 of 4 events", { history, _ in history.views[0].events.removeLast() }),
        ("another event", "something else", { history, _ in history.views[0].events[0].digest = 0 }),
        ("a resync", "start anew", { history, _ in history.views[0].resyncs = 1 }),
        ("a stream that runs", "is running", { _, database in database.leftovers = ["a stream is running"] }),
        ("a rule of the tree", "two are active", { _, database in database.brokenRules = ["two are active"] }),
        ("what was seen at once", "seen", { history, _ in history.violations = ["seen"] }),
    ]
}
