import ChatCore
import TestSupport
import Testing

/// The desk where people answer, driven as its page drives it.
@Suite(.timeLimit(.minutes(10)))
struct HumanDeskTests {
    /// What an operator's page does.
    private struct Operator: Sendable {
        let desk: APIClient

        func state() async throws -> JSONValue { try await desk.get("/conversations").body }

        /// The conversation that begins with this question, once it waits.
        func waiting(_ question: String) async throws -> JSONValue {
            try await eventually("'\(question)' waits at the desk") {
                try await state()["waiting"]?.arrayValue?.first { $0["question"]?.stringValue == question }
            }
        }

        func type(_ text: String, to conversation: JSONValue) async throws -> Int {
            try await desk.post("/conversations/\(conversation.string("id"))/lines", ["text": .string(text)]).status
        }

        func giveUp(_ conversation: JSONValue) async throws -> Int {
            try await desk.post("/conversations/\(conversation.string("id"))/cancel", [:]).status
        }

        /// How the conversation with this question ended, once it has.
        func end(of question: String) async throws -> String {
            try await eventually("'\(question)' has left the desk") {
                try await state()["ended"]?.arrayValue?.first { $0["question"]?.stringValue == question }?.string("how")
            }
        }
    }

    private func withDesk(_ body: (TestCluster, TestClient, String, Operator) async throws -> Void) async throws {
        let deskPort = try FreePort.next()
        let desk = try await BackendProcess.python(
            BackendProcess.example("human_desk/desk.py"),
            ["--desk-port", "\(deskPort)"],
            environment: ["WEBHOOK_SECRET": BackendProcess.secret]
        )
        try await desk.use { desk in
            try await withSharedCluster { cluster in
                let type = try await cluster.addSessionType([
                    "webhook_url": .string(desk.url), "webhook_secret": .string(BackendProcess.secret),
                ])
                let client = try await TestClient(of: cluster)
                let operators = Operator(desk: APIClient(baseURL: "http://127.0.0.1:\(deskPort)"))
                try await body(cluster, client, type, operators)
            }
        }
    }

    @Test("Each line that is typed is a chunk, an empty one ends the answer")
    func lines() async throws {
        try await withDesk { _, client, type, operators in
            let session = try await client.makeSession(type: type)
            let socket = try await client.connect()
            let request = try await socket.say("Is anybody there?", in: session)
            let start = try await socket.begun(request)
            let conversation = try await operators.waiting("Is anybody there?")
            #expect(try await operators.type("Yes, me.", to: conversation) == 200)
            let first = try await socket.chunks(1, of: request)
            #expect(first.first?["chunk"]?["content"] == "Yes, me.")
            #expect(try await operators.type("What is it?", to: conversation) == 200)
            #expect(try await operators.type("", to: conversation) == 200)
            let answer = try await socket.stream(of: request, start: start, chunks: first)
            #expect(answer.text == "Yes, me.\nWhat is it?")
            #expect(answer.chunks.count == 2)
            #expect(answer.state == "complete")
            #expect(try await operators.end(of: "Is anybody there?") == "answered")
            #expect(try await operators.type("Too late.", to: conversation) == 404)

            // The next one sees what was said.
            _ = try await socket.say("Thanks", in: session)
            let next = try await operators.waiting("Thanks")
            #expect(next["history"]?.arrayValue?.map { $0["text"] } == ["Is anybody there?", "Yes, me.\nWhat is it?"])
            #expect(try await operators.giveUp(next) == 200)
        }
    }

    @Test("Several wait side by side: one is given up by the operator, one is stopped by its user, one is answered")
    func severalConversations() async throws {
        try await withDesk { _, client, type, operators in
            let socket = try await client.connect()
            var requests: [String: String] = [:]
            var starts: [String: Envelope] = [:]
            for question in ["first", "second", "third"] {
                let session = try await client.makeSession(type: type)
                let request = try await socket.say(question, in: session)
                requests[question] = request
                starts[question] = try await socket.begun(request)
            }
            let second = try await operators.waiting("second")
            let third = try await operators.waiting("third")
            _ = try await operators.waiting("first")

            #expect(try await operators.giveUp(second) == 200)
            let failed = try await socket.stream(of: try #require(requests["second"]), start: starts["second"])
            #expect(failed.end.type == "message.streaming.error")
            #expect(failed.end["error_code"] == "BACKEND_ERROR")
            #expect(try await operators.end(of: "second") == "given up")

            let id = try #require(starts["first"]).string("message_id")
            let stopped = try await client.api().post("/api/v1/messages/\(id)/stop")
            #expect(stopped["stopped"] == true)
            #expect(try await operators.end(of: "first") == "stopped by the user")

            #expect(try await operators.type("Here you are.", to: third) == 200)
            #expect(try await operators.type("", to: third) == 200)
            let answer = try await socket.stream(of: try #require(requests["third"]), start: starts["third"])
            #expect(answer.text == "Here you are.")
            #expect(try await operators.state()["waiting"] == [])
        }
    }

    @Test("The desk is for its own page, and the engine's side for the engine")
    func strangers() async throws {
        let deskPort = try FreePort.next()
        let desk = try await BackendProcess.python(
            BackendProcess.example("human_desk/desk.py"),
            ["--desk-port", "\(deskPort)"],
            environment: ["WEBHOOK_SECRET": BackendProcess.secret]
        )
        try await desk.use { desk in
            #expect(try await APIClient(baseURL: desk.url).post("", ["event": "session.created"]).status == 401)
            let operators = APIClient(baseURL: "http://127.0.0.1:\(deskPort)")
            let page = try await operators.get("/")
            #expect(page.status == 200)
            #expect(page.headers["content-type"]?.hasPrefix("text/html") == true)
            let elsewhere = try await operators.send(
                "GET",
                "/conversations",
                bytes: nil,
                headers: [("host", "evil.example")]
            )
            #expect(elsewhere.status == 403)
            let form = try await operators.send(
                "POST",
                "/conversations/x/lines",
                bytes: Array(#"{"text": "a"}"#.utf8),
                headers: [("content-type", "text/plain")]
            )
            #expect(form.status == 415)
        }
    }

    @Test("It keeps the contract where nobody has to type")
    func contract() async throws {
        let path = BackendProcess.example("human_desk/desk.py")
        let deskPort = try FreePort.next()
        let environment = ["WEBHOOK_SECRET": BackendProcess.secret]
        try await BackendProcess.python(path, ["--desk-port", "\(deskPort)"], environment: environment).use { desk in
            let groups = [
                "created", "summary", "health", "aborted", "deleted", "reaction", "background", "robust", "signature",
            ]
            let result = try await BackendCheckProgramTests.check(
                desk.url,
                ["--secret", BackendProcess.secret] + groups.flatMap { ["--only", $0] }
            )
            #expect(result.status.isSuccess, "\(result.standardOutput)")
        }
    }
}

extension JSONValue {
    fileprivate func string(_ name: String) -> String { self[name]?.stringValue ?? "" }
}
