import ChatCore
import Foundation
import TestSupport
import Testing

/// The programs and commands of `docs/backends.md`, run as they stand there.
@Suite(.timeLimit(.minutes(10)))
struct BackendsDocumentTests {
    private struct Block {
        let language: String
        let text: String
    }

    /// The fenced blocks of the document, in order.
    private let blocks: [Block]

    init() throws {
        let path = TestTools.package.appendingPathComponent("docs/backends.md")
        blocks = try String(contentsOf: path, encoding: .utf8)
            .matches(of: /(?ms)^```(\w*)\n(.*?)^```$/)
            .map { Block(language: String($0.1), text: String($0.2)) }
    }

    private func program(_ language: String) throws -> String {
        let programs = blocks.filter { $0.language == language }
        #expect(programs.count == 1)
        return try #require(programs.first).text
    }

    /// Runs `body` with the Python program of the document.
    private func withPython(_ body: (BackendProcess) async throws -> Void) async throws {
        let directory = try TemporaryDirectory(prefix: "document")
        defer { directory.remove() }
        let path = directory.file("backend.py")
        try program("python").write(toFile: path, atomically: true, encoding: .utf8)
        let port = try FreePort.next()
        let backend = try await BackendProcess.start(
            "/usr/bin/python3",
            ["-B", path],
            port: port,
            environment: ["PORT": "\(port)"]
        )
        try await backend.use(body)
    }

    @Test("The Python program keeps the contract")
    func python() async throws {
        try await withPython { backend in
            try await BackendCheckProgramTests.expectPassed(backend.url, [], skipping: ["signature.", "stream.error"])
        }
    }

    @Test("The Swift program is the one that is built")
    func swift() throws {
        let path = BackendProcess.example("MinimalBackend/main.swift")
        #expect(try program("swift") == String(contentsOfFile: path, encoding: .utf8))
    }

    @Test("Every command does what the document says")
    func commands() async throws {
        let signed = try await BackendProcess.python(
            BackendProcess.example("python_backend/backend.py"),
            environment: ["WEBHOOK_SECRET": BackendProcess.secret]
        )
        try await signed.use { signed in
            try await withPython { backend in
                try await withSharedCluster { cluster in
                    let administrator = try await Tokens.sign(client: "administrator", isAdministrator: true)
                    let tools = URL(fileURLWithPath: try BuiltProducts.path(of: "chat-engine-backend-check"))
                        .deletingLastPathComponent().path
                    try await run([
                        "BACKEND": backend.url, "SIGNED_BACKEND": signed.url, "WEBHOOK_SECRET": BackendProcess.secret,
                        "API": "http://127.0.0.1:\(cluster.apis[0].port)/api/v1",
                        "ADMIN": "Authorization: Bearer \(administrator)",
                        "PATH": "\(tools):\(ProcessInfo.processInfo.environment["PATH"] ?? "")",
                    ])
                }
            }
        }
    }

    private func run(_ environment: [String: String]) async throws {
        var count = 0
        for (index, block) in blocks.enumerated() where block.language == "sh" {
            count += 1
            let script = "set -euo pipefail\n\(block.text)"
            let result = try await ChildProcess.run("bash", ["-c", script], environment: environment)
            #expect(result.status.isSuccess, "\(block.text)\(result.standardOutput)\(result.standardError)")
            // What a command prints stands right below it, when it is always the same.
            guard let next = blocks.dropFirst(index + 1).first, next.language == "text" else { continue }
            #expect(
                result.standardOutput.trimmingCharacters(in: .newlines) == next.text.trimmingCharacters(in: .newlines)
            )
        }
        #expect(count == 5)
    }
}
