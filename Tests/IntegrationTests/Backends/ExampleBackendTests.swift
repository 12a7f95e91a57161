import ChatCore
import Foundation
import TestSupport
import Testing

/// The examples behind the engine, as users would have them.
@Suite(.timeLimit(.minutes(10)))
struct ExampleBackendTests {
    /// A client with a session of a type whose backend is at `url`.
    private func session(
        _ cluster: TestCluster,
        _ url: String
    ) async throws -> (client: TestClient, session: String, socket: WebSocketClient) {
        let type = try await cluster.addSessionType([
            "webhook_url": .string(url), "webhook_secret": .string(BackendProcess.secret),
        ])
        let client = try await TestClient(of: cluster)
        let session = try await client.makeSession(type: type)
        return (client, session, try await client.connect())
    }

    @Test("The bridge asks a language model, with the path of the tree and the capabilities that are on")
    func bridge() async throws {
        let directory = try TemporaryDirectory(prefix: "bridge")
        defer { directory.remove() }
        let capabilities = #"[{"id": "model:large", "name": "Large", "options": {"model": "large"}}]"#
        try capabilities.write(toFile: directory.file("capabilities.json"), atomically: true, encoding: .utf8)
        try await StubLanguageModel.with { server in
            let bridge = try await BackendProcess.product(
                "openai-bridge",
                [
                    "--model", "small", "--system-prompt", "You are a gardener.", "--base-url", server,
                    "--capabilities", directory.file("capabilities.json"),
                ],
                environment: ["OPENAI_API_KEY": StubLanguageModel.key, "WEBHOOK_SECRET": BackendProcess.secret]
            )
            try await bridge.use { bridge in
                try await withSharedCluster { cluster in
                    try await converse(cluster, bridge.url)
                    try await stop(cluster, bridge.url)
                }
            }
        }
    }

    private func converse(_ cluster: TestCluster, _ url: String) async throws {
        let (client, session, socket) = try await session(cluster, url)
        let stored = try await client.api().get("/api/v1/sessions/\(session)")
        #expect(stored["available_capabilities"] == [["id": "model:large", "name": "Large"]])

        let request = try await socket.send(
            "message.send",
            [
                "session_id": .string(session), "content": "What grows beside maize?",
                "enabled_capabilities": ["model:large"],
            ]
        )
        let first = try await socket.stream(of: request)
        first.expectWellFormed()
        #expect(first.text == "Beans and squash grow beside maize.")
        #expect(first.chunks.count > 5)
        #expect(first.state == "complete")
        #expect(first.end["metadata"]?["model"] == "large")
        let second = try await socket.converse("And what else?", in: session)
        #expect(second.text == "Pumpkins.")
    }

    /// In a session of its own: stubllm looks for what it knows anywhere in a conversation.
    private func stop(_ cluster: TestCluster, _ url: String) async throws {
        let (_, session, socket) = try await session(cluster, url)
        let refused = try await socket.converse("too much", in: session)
        #expect(refused.end.type == "message.streaming.error")
        #expect(refused.end["error_code"] == "BACKEND_ERROR")

        let (owner, quiet, line) = try await self.session(cluster, url)
        let long = try await line.say("take your time", in: quiet)
        let start = try await line.begun(long)
        let chunks = try await line.chunks(1, of: long)
        let stopped = try await owner.api().post("/api/v1/messages/\(start.string("message_id"))/stop")
        #expect(stopped["stopped"] == true)
        #expect(try await line.stream(of: long, start: start, chunks: chunks).state == "stopped")
    }

    @Test("The backend in Python answers, fails, and is stopped")
    func python() async throws {
        let path = BackendProcess.example("python_backend/backend.py")
        let environment = ["WEBHOOK_SECRET": BackendProcess.secret]
        try await BackendProcess.python(path, environment: environment).use { backend in
            try await withSharedCluster { cluster in
                let (client, session, socket) = try await session(cluster, backend.url)
                let answer = try await socket.converse("Grüße aus Köln", in: session)
                #expect(answer.text == "After 0 messages you say: Grüße aus Köln")
                #expect(answer.end["metadata"]?["usage"]?["output_tokens"] == 4)
                let failed = try await socket.converse("/fail", in: session)
                #expect(failed.end.type == "message.streaming.error")

                let words = Array(repeating: "on", count: 2000).joined(separator: " ")
                let request = try await socket.say(words, in: session)
                let start = try await socket.begun(request)
                let chunks = try await socket.chunks(3, of: request)
                let stopped = try await client.api().post("/api/v1/messages/\(start.string("message_id"))/stop")
                #expect(stopped["stopped"] == true)
                #expect(try await socket.stream(of: request, start: start, chunks: chunks).state == "stopped")
            }
        }
    }

    @Test("What the examples in Python need is what the tests install")
    func requirements() throws {
        let installed = try lines(TestTools.package.appendingPathComponent("Tests/requirements.txt").path)
        for example in ["python_backend", "human_desk"] {
            let wanted = try lines(BackendProcess.example("\(example)/requirements.txt"))
            #expect(!wanted.isEmpty)
            #expect(wanted.isSubset(of: installed))
        }
    }

    private func lines(_ path: String) throws -> Set<String> {
        Set(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init))
    }
}
