import ChatCore
import Foundation
import TestSupport
import Testing

/// The commands of `docs/openapi.md`, run as they stand there.
@Suite(.timeLimit(.minutes(5)))
struct CommandTests {
    private struct Row {
        let operation: String
        let command: String
        let status: String
    }

    @Test("Every operation has a command in docs/openapi.md, and every command gets the status named beside it")
    func commands() async throws {
        let rows = try readRows()
        #expect(Set(rows.map(\.operation)) == (try APIDescription.shared().operations))
        try await withSharedCluster { cluster in
            let environment = try await environment(in: cluster)
            for row in rows {
                let result = try await ChildProcess.run("bash", ["-c", script(row.command)], environment: environment)
                let lines = result.standardOutput.split(separator: "\n")
                #expect(lines.last.map(String.init) == row.status, "\(row.command): \(result)")
            }
        }
    }

    /// The command itself, with curl told to print the status after the answer.
    private func script(_ command: String) -> String {
        "curl() { command curl --silent --show-error --max-time 30 --write-out '\\n%{http_code}\\n' \"$@\"; }; \(command)"
    }

    private func readRows() throws -> [Row] {
        let path = TestTools.package.appendingPathComponent("docs/openapi.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        return text.matches(of: /\| `([A-Z]+ \/[^`]*)` \| `(curl [^`]*)` \| (\d{3}) \|/).map {
            Row(operation: String($0.1), command: String($0.2), status: String($0.3))
        }
    }

    /// What the commands take from the environment, as the file lists it.
    private func environment(in cluster: TestCluster) async throws -> [String: String] {
        let client = try await TestClient(of: cluster)
        let administrator = try await Tokens.sign(client: "administrator", isAdministrator: true)
        let session = try await client.makeSession()
        let message = try await client.connect().converse("What grows beside maize?", in: session).messageID
        let share = try await client.api().post("/api/v1/sessions/\(session)/share")
        let export = try await client.api().post(
            "/api/v1/sessions/\(session)/export",
            ["format": "json", "scope": "all"]
        )
        let backend: JSONObject = ["webhook_url": .string(cluster.backendURL)]
        return [
            "API": "http://127.0.0.1:\(cluster.loadBalancer?.port ?? cluster.apis[0].port)/api/v1",
            "AUTH": "Authorization: Bearer \(client.token)",
            "ADMIN": "Authorization: Bearer \(administrator)",
            "TYPE": cluster.sessionTypeID,
            "OTHER_TYPE": try await cluster.addSessionType(backend),
            "UNUSED_TYPE": try await cluster.addSessionType(backend),
            "SESSION": session,
            "MESSAGE": message,
            "SHARE": try #require(share["share_token"]?.stringValue),
            "DOWNLOAD_URL": try #require(export["download_url"]?.stringValue),
        ]
    }
}
