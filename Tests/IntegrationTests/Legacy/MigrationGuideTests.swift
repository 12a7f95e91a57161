import ChatCore
import Foundation
import TestSupport
import Testing

/// The commands of `docs/migration.md`, run as they stand there.
@Suite(.timeLimit(.minutes(5)))
struct MigrationGuideTests {
    private struct Row {
        let old: String
        let new: String
        let overWebSocket: String
        let overREST: String
        let status: String
    }

    /// Whose answers to two equal requests differ.
    private static let makesSomething: Set = ["session.create", "session.export", "session.share"]

    @Test("Each old command of docs/migration.md and the new one beside it are answered alike")
    func commands() async throws {
        let rows = try readRows()
        #expect(Set(rows.map(\.old)).count == 13)
        #expect(Set(rows.map(\.new)).isSubset(of: try APIDescription.shared().operations))
        try await withLegacyGateways(phase: 1) { cluster, gateways in
            let client = try await TestClient(of: cluster)
            let scene = try await LegacyScene(of: client)
            for row in rows {
                let old = try await run(row.overWebSocket, row, scene, client, gateways[0])
                let new = try await run(row.overREST, row, scene, client, gateways[0])
                let lines = new.split(separator: "\n")
                #expect(lines.last.map(String.init) == row.status, "\(row.overREST): \(new)")
                let result = try #require(try JSONParser.parse(old.utf8)["result"], "\(row.overWebSocket): \(old)")
                let body = try JSONParser.parse(lines.dropLast().joined(separator: "\n").utf8)
                if Self.makesSomething.contains(row.old) {
                    #expect(result.objectValue?.names == body.objectValue?.names, "\(row.old)")
                } else {
                    #expect(result == body, "\(row.old)")
                }
            }
        }
    }

    private func run(
        _ command: String,
        _ row: Row,
        _ scene: LegacyScene,
        _ client: TestClient,
        _ gateway: ClusterProcess
    ) async throws -> String {
        // curl is told to print the status after the answer.
        let curl =
            "curl() { command curl --silent --show-error --max-time 30 --write-out '\\n%{http_code}\\n' \"$@\"; }"
        let result = try await ChildProcess.run(
            "bash",
            ["-c", "\(curl); \(command)"],
            environment: [
                "CHAT_ENGINE_WS": "ws://127.0.0.1:\(gateway.port)/ws",
                "TOKEN": client.token,
                "API": "http://127.0.0.1:\(client.cluster.apis[0].port)/api/v1",
                "AUTH": "Authorization: Bearer \(client.token)",
                "KEY": UUID().uuidString.lowercased(),
                "TYPE": client.cluster.sessionTypeID,
                "OTHER_TYPE": scene.otherType,
                // What is deleted is not there for the other command.
                "SESSION": row.old == "session.delete" ? try await client.makeSession() : scene.session,
                "MESSAGE": scene.message,
                "SHARE": scene.share,
            ],
            directory: TestTools.package.path
        )
        #expect(result.status.isSuccess, "\(command): \(result)")
        return result.standardOutput
    }

    private func readRows() throws -> [Row] {
        let path = TestTools.package.appendingPathComponent("docs/migration.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        let row =
            /\| `([a-z_.]+)` \| `([A-Z]+ \/[^`]*)` \| `(\/usr\/bin\/python3 [^`]*)` \| `(curl [^`]*)` \| (\d{3}) \|/
        return text.matches(of: row).map {
            Row(
                old: String($0.1),
                new: String($0.2),
                overWebSocket: String($0.3),
                overREST: String($0.4),
                status: String($0.5)
            )
        }
    }
}
