import Foundation
import TestSupport
import Testing

/// No executable starts with settings it cannot work with: one line says why, and the exit code is 1.
@Suite(.timeLimit(.minutes(5)))
struct StartUpTests {
    @Test("A missing setting is named", arguments: ["chat-engine-api", "chat-engine-gateway", "chat-engine-bus"])
    func missingSetting(executable: String) async throws {
        let result = try await ChildProcess.run(
            try BuiltProducts.path(of: executable),
            ["serve"],
            environment: ["DATABASE_URL": "", "REDIS_URL": "redis://127.0.0.1:1", "JWT_SECRET": Tokens.secret]
        )
        expectRefusal(result, naming: "DATABASE_URL")
    }

    @Test("A database without the schema is refused by every node")
    func missingSchema() async throws {
        let cluster = try await TestCluster.prepare(TestCluster.Shape(apis: 1, gateways: 1))
        for node in cluster.nodes {
            expectRefusal(try await node.runToEnd(), naming: "schema")
        }
        try await cluster.discard()
    }

    @Test("A port in use is named")
    func portInUse() async throws {
        try await withSharedCluster { cluster in
            let port = cluster.gateways[0].port
            for node in [cluster.apis[0], cluster.gateways[0]] {
                let adminPort = try FreePort.next()
                let result = try await node.runToEnd(environment: ["PORT": "\(port)", "ADMIN_PORT": "\(adminPort)"])
                expectRefusal(result, naming: "\(port)")
            }
            let admin = cluster.buses[0].adminPort
            expectRefusal(try await cluster.buses[0].runToEnd(), naming: "\(admin)")
        }
    }

    @Test("The schema is applied once, however many ask at once")
    func concurrentMigrations() async throws {
        let cluster = try await TestCluster.prepare(TestCluster.Shape(apis: 1, gateways: 1, buses: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await cluster.migrate() } }
            try await group.waitForAll()
        }
        try await cluster.startProcesses()
        try await cluster.registerSessionType()
        try await cluster.discard()
    }

    @Test("check-config prints the settings, and no secret")
    func checkConfig() async throws {
        try await withSharedCluster { cluster in
            let result = try await cluster.administer(["check-config"])
            #expect(result.status.isSuccess)
            #expect(result.standardOutput.contains("DATABASE_URL"))
            #expect(!result.standardOutput.contains(Tokens.secret))
        }
    }

    @Test("A development token of the command line opens the API")
    func developmentToken() async throws {
        try await withSharedCluster { cluster in
            let result = try await cluster.administer(["token", "--client-id", "developer"])
            let token = result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try await cluster.api(token: token).get("/api/v1/sessions").status == 200)
        }
    }

    private func expectRefusal(
        _ result: ChildProcess.Result,
        naming word: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status.code == 1 && !result.status.isSignal, "\(result.status)", sourceLocation: sourceLocation)
        // Log records, which are JSON, go to the same place.
        let lines = result.standardError.split(separator: "\n").filter { !$0.hasPrefix("{") }
        #expect(lines.count == 1, "\(result.standardError)", sourceLocation: sourceLocation)
        #expect(lines.first?.contains(word) == true, "\(result.standardError)", sourceLocation: sourceLocation)
    }
}
