import Foundation
import TestSupport
import Testing

/// The gateway's own WebSocket pipeline, as `EchoPeer` runs it, under the Autobahn suite (`Tests/autobahn`).
@Suite(.timeLimit(.minutes(10)))
struct AutobahnTests {
    /// What the suite says of one case.
    private struct Verdict: Decodable {
        var behavior: String
        var behaviorClose: String
        var result: String
        var resultClose: String
    }

    /// Where RFC 6455 leaves open what to do, the suite does not judge.
    private static let unjudged: Set = ["7.1.6", "7.13.1", "7.13.2"]

    @Test("The protocol: sections 1 to 7, and 10")
    func conformance() async throws {
        let verdicts = try await run(["1", "2", "3", "4", "5", "6", "7", "10"], atOnce: 8)
        #expect(verdicts.count == 247)
        #expect(shortcomings(verdicts) == [])
    }

    @Test("Messages of up to 16 MiB, in up to 65,536 fragments: section 9")
    func limits() async throws {
        let verdicts = try await run(["9"], atOnce: 1)
        #expect(verdicts.count == 54)
        #expect(shortcomings(verdicts) == [])
    }

    private func shortcomings(_ verdicts: [String: Verdict]) -> [String] {
        verdicts.filter { id, verdict in
            let wanted = Self.unjudged.contains(id) ? "INFORMATIONAL" : "OK"
            return verdict.behavior != wanted || verdict.behaviorClose != wanted
        }.map { id, verdict in
            "\(id): \(verdict.behavior), \(verdict.result); at the end \(verdict.behaviorClose), \(verdict.resultClose)"
        }.sorted()
    }

    private func run(_ sections: [String], atOnce: Int) async throws -> [String: Verdict] {
        let port = try FreePort.next()
        let peer = try await ChildProcess.start(try BuiltProducts.path(of: "EchoPeer"), ["--port", "\(port)"])
        defer { peer.signal(SIGKILL) }
        let endpoint = APIClient(baseURL: "http://127.0.0.1:\(port)")
        try await eventually("the echo peer listens", within: .seconds(60)) {
            try await endpoint.get("/ws").status == 400 ? true : nil
        }
        let result = try await ChildProcess.run(
            try TestTools.path(of: "python"),
            [
                TestTools.package.appendingPathComponent("Tests/autobahn/run.py").path, TestTools.autobahnCases.path,
                "ws://127.0.0.1:\(port)/ws", "\(atOnce)",
            ] + sections,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        )
        try #require(result.status.isSuccess, "\(result.standardError)")
        return try JSONDecoder().decode([String: Verdict].self, from: Data(result.standardOutput.utf8))
    }
}
