import ChatCore
import Foundation
import NIOHTTP1
import TestSupport
import Testing

/// `chat-engine-backend-check`, run against every backend that the product ships.
@Suite(.timeLimit(.minutes(10)))
struct BackendCheckProgramTests {
    static func check(_ url: String, _ arguments: [String] = []) async throws -> ChildProcess.Result {
        try await ChildProcess.run(try BuiltProducts.path(of: "chat-engine-backend-check"), [url] + arguments)
    }

    /// Checks a backend that is to keep the whole contract; only the expectations named may be skipped.
    static func expectPassed(_ url: String, _ arguments: [String], skipping: Set<String> = []) async throws {
        let result = try await check(url, arguments + ["--json", "--timeout", "120"])
        let report = try JSONParser.parse(result.standardOutput)
        let expectations = try #require(report["expectations"]?.arrayValue)
        #expect(result.status.isSuccess, "\(result.standardError)\(result.standardOutput)")
        for expectation in expectations {
            let id = expectation["id"]?.stringValue ?? ""
            let outcome = expectation["outcome"]?.stringValue ?? ""
            #expect(outcome != "failed", "\(id): \(expectation["detail"]?.stringValue ?? "")")
            #expect((outcome == "skipped") == skipping.contains { id.hasPrefix($0) }, "\(id): \(outcome)")
        }
    }

    @Test("The example backend keeps the contract")
    func echoBackend() async throws {
        try await BackendProcess.product("echo-backend").use { backend in
            try await Self.expectPassed(
                backend.url,
                ["--long-prompt", "/words 200 /pace 20ms", "--failing-prompt", "/fail 1"],
                skipping: ["signature."]
            )
        }
    }

    @Test("The minimal backend in Swift keeps the contract")
    func minimalBackend() async throws {
        try await BackendProcess.product("minimal-backend").use { backend in
            try await Self.expectPassed(backend.url, [], skipping: ["signature.", "stream.error"])
        }
    }

    @Test("The backend in Python keeps the contract, signatures included")
    func pythonBackend() async throws {
        let path = BackendProcess.example("python_backend/backend.py")
        let environment = ["WEBHOOK_SECRET": BackendProcess.secret]
        try await BackendProcess.python(path, environment: environment).use { backend in
            let long = (1...100).map { "word\($0)" }.joined(separator: " ")
            try await Self.expectPassed(
                backend.url,
                ["--secret", BackendProcess.secret, "--long-prompt", long, "--failing-prompt", "/fail"]
            )
        }
    }

    @Test("The bridge keeps the contract, in front of somebody else's server")
    func bridge() async throws {
        try await StubLanguageModel.with { server in
            let environment = [
                "OPENAI_API_KEY": StubLanguageModel.key, "OPENAI_BASE_URL": server,
                "WEBHOOK_SECRET": BackendProcess.secret,
            ]
            let capabilities = ["--capabilities", BackendProcess.example("OpenAIBridge/capabilities.json")]
            try await BackendProcess.product("openai-bridge", capabilities, environment: environment).use { backend in
                try await Self.expectPassed(
                    backend.url,
                    [
                        "--secret", BackendProcess.secret, "--long-prompt", "count", "--failing-prompt", "too much",
                    ]
                )
            }
        }
    }

    @Test("A backend that breaks the contract makes the check fail, with advice")
    func failure() async throws {
        try await StubBackend.with { exchange in
            try await exchange.respond(.ok, StubBackend.Exchange.json, "{}")
        } _: { stub in
            let result = try await Self.check(stub.url, ["--only", "created"])
            #expect(result.status.code == 1)
            #expect(result.standardOutput.contains("FAILED   created.answer"))
            #expect(result.standardOutput.contains("→ Answer 200, application/json"))
        }
    }

    @Test("What cannot be checked is neither passed nor failed")
    func noCheck() async throws {
        let nobody = "http://127.0.0.1:\(try FreePort.next())/"
        for arguments in [[nobody], ["127.0.0.1"], [nobody, "--only", "nothing"], [nobody, "--timeout", "0"]] {
            let url = try #require(arguments.first)
            let result = try await Self.check(url, Array(arguments.dropFirst()))
            #expect(result.status.code == 2, "\(arguments)")
            #expect(!result.standardError.isEmpty)
            #expect(result.standardOutput.isEmpty)
        }
    }
}
