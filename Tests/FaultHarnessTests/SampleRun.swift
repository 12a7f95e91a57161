@testable import FaultHarness

/// A small run in which nothing went wrong, for tests to spoil.
enum SampleRun {
    static let client = "client"
    static let session = "session"

    static var operations: [FaultHarness.Operation] {
        [
            operation(.createSession, "m0"), operation(.patch, "m1"),
            operation(.send, "m2") {
                ($0.message, $0.question) = ("answer", "question")
                $0.answer = SeenAnswer(text: "word1 m2", nextChunk: 2, hasEnded: true, state: "complete")
            },
            operation(.recreate, "m3") {
                ($0.message, $0.question) = ("another", "question")
                $0.answer = SeenAnswer(text: "Once", nextChunk: 1, hasEnded: true, state: "stopped")
            },
            operation(.stop, "m4") { ($0.message, $0.value) = ("another", "true") },
            operation(.react, "m5") { ($0.message, $0.value) = ("answer", "like") },
            operation(.share, "m6") { $0.value = "token" },
        ]
    }

    static var database: DatabaseSnapshot {
        var database = DatabaseSnapshot()
        database.sessions[session] = ["m0", "m1"]
        database.messages = [
            "question": message("user", "complete", "/words 1 m2"),
            "answer": message("assistant", "complete", "word1 m2", parent: "question"),
            "another": message("assistant", "stopped", "Once", parent: "question"),
        ]
        database.events[client] = [
            DatabaseSnapshot.Event(
                seq: 1,
                kind: "session.updated",
                digest: 10,
                session: session,
                tellsMetadata: true
            ),
            told("question", 2), told("answer", 3), told("another", 4),
        ]
        database.counters[client] = 4
        database.reactions[DatabaseSnapshot.Reaction(client: client, message: "answer")] = "like"
        database.openShares = ["token"]
        return database
    }

    static var view: DeviceView {
        DeviceView(
            name: "device",
            client: client,
            events: (1...4).map { DeviceView.Event(seq: $0, digest: 10 * Int($0)) }
        )
    }

    static func violations(_ spoil: (inout History.Contents, inout DatabaseSnapshot) -> Void) -> [String] {
        var history = History.Contents(operations: operations, views: [view])
        var database = database
        spoil(&history, &database)
        return Checks.violations(in: history, database)
    }

    static func operation(
        _ kind: FaultHarness.Operation.Kind,
        _ mark: String,
        _ change: (inout FaultHarness.Operation) -> Void = { _ in }
    ) -> FaultHarness.Operation {
        var operation = FaultHarness.Operation(kind: kind, client: client, session: session, mark: mark, outcome: .ok)
        change(&operation)
        return operation
    }

    static func message(
        _ role: String,
        _ state: String,
        _ text: String,
        parent: String? = nil
    ) -> DatabaseSnapshot.Message {
        DatabaseSnapshot.Message(
            client: client,
            session: session,
            parent: parent,
            role: role,
            state: state,
            text: text
        )
    }

    static func told(_ message: String, _ seq: Int64) -> DatabaseSnapshot.Event {
        DatabaseSnapshot.Event(
            seq: seq,
            kind: "message.created",
            digest: 10 * Int(seq),
            session: session,
            message: message
        )
    }
}
