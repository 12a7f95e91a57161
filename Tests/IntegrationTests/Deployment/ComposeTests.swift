import ChatCore
import ChatRuntime
import Foundation
import TestSupport
import Testing

/// Holds `docker-compose.yml`, the image and HAProxy's file against what the executables read.
@Suite struct ComposeTests {
    private let compose: ComposeFile

    init() throws {
        compose = try ComposeFile()
    }

    private static let nodes: [(target: String, role: Node.Role)] = [
        ("api", .api), ("gateway", .gateway), ("bus", .bus),
    ]

    private func serving(_ target: String) -> [(name: String, service: ComposeFile.Service)] {
        compose.services(builtFrom: target).filter { $0.service.environment["NODE_ID"] != nil }
    }

    @Test func theTopologyIsThatOfTheLocalCluster() {
        #expect(serving("api").map(\.name) == ["api-1", "api-2"])
        #expect(serving("gateway").map(\.name) == ["gateway-1", "gateway-2"])
        #expect(serving("bus").map(\.name) == ["bus-1"])
        #expect(compose.services(builtFrom: "backend").map(\.name) == ["backend"])
        #expect(compose.services["postgres"]?.image?.hasPrefix("postgres:15") == true)
        #expect(compose.services["redis"]?.image?.hasPrefix("redis:7") == true)
        #expect(compose.services["haproxy"]?.dependsOn == ["api-1", "api-2", "gateway-1", "gateway-2"])
    }

    @Test(arguments: nodes.map(\.target))
    func everyVariableIsASettingOfTheProgramThatGetsIt(_ target: String) throws {
        let role = try #require(Self.nodes.first { $0.target == target }?.role)
        let known = Set(Setting.all.filter { $0.roles.contains(role) }.map(\.name))
        let services = compose.services(builtFrom: target)
        #expect(!services.isEmpty)
        for (name, service) in services {
            let unknown = Set(service.environment.keys).subtracting(known)
            #expect(unknown.isEmpty, "\(name) is given what \(role.executableName) does not read")
        }
    }

    /// The real program, with the variables it would get.
    @Test(arguments: nodes.map(\.target))
    func everyNodeAcceptsItsEnvironment(_ target: String) async throws {
        let role = try #require(Self.nodes.first { $0.target == target }?.role)
        for (name, service) in serving(target) {
            let result = try await ChildProcess.run(
                try BuiltProducts.path(of: role.executableName),
                ["check-config"],
                environment: service.environment.mapValues(Self.substituted)
            )
            #expect(result.status.isSuccess, "\(name): \(result.standardError)")
            #expect(result.standardOutput.contains("NODE_ID=\(name)  # environment"))
        }
    }

    @Test func namesAndPortsAgreeWithTheBalancer() throws {
        let environment = try #require(compose.services["haproxy"]?.environment)
        let configuration = try ComposeFile.text("deploy/haproxy/haproxy.cfg")
        let dockerfile = try ComposeFile.text("deploy/Dockerfile")
        for name in environment.keys {
            #expect(
                configuration.contains("${\(name)}") || configuration.contains("\"\(name)\""),
                "\(name) is not used"
            )
        }
        for (target, role) in Self.nodes {
            let port = defaultPort("PORT", of: role)
            let administration = try #require(defaultPort("ADMIN_PORT", of: role))
            for (index, node) in serving(target).enumerated() where role != .bus {
                let variable = "\(target.uppercased())_\(index + 1)"
                #expect(environment[variable] == "\(node.name):\(port ?? "")")
                #expect(environment["\(variable)_ADMIN_PORT"] == administration)
            }
            let stage = try #require(
                dockerfile.components(separatedBy: "FROM ").first { $0.hasPrefix("base AS \(target)\n") }
            )
            #expect(stage.contains("ADMIN_PORT=\(administration)"))
            if let port { #expect(stage.contains("ENV PORT=\(port) ")) }
            #expect(stage.contains("ENTRYPOINT [\"\(role.executableName)\"]"))
        }
    }

    @Test func theSessionTypeIsThatOfTheLocalCluster() throws {
        let id = "01970000-0000-7000-8000-000000000001"
        let registration = try #require(compose.services["session-type"])
        #expect(registration.command.joined().contains("--id \(id)"))
        #expect(registration.command.joined().contains("http://backend:8301/"))
        let files = try FileManager.default.contentsOfDirectory(
            atPath: ComposeFile.root.appending(path: "scripts/cluster.d").path
        )
        let script = try files.map { try ComposeFile.text("scripts/cluster.d/\($0)") }.joined()
        #expect(script.contains(id))
        #expect(try ComposeFile.text("README.md").contains(id))
    }

    private func defaultPort(_ setting: String, of role: Node.Role) -> String? {
        guard case .perRole(let ports)? = Setting.all.first(where: { $0.name == setting })?.defaultValue else {
            return nil
        }
        return ports[role]
    }

    /// What Compose makes of `${NAME:-default}` and `${NAME:?message}`.
    private static func substituted(_ value: String) -> String {
        value
            .replacing(/\$\{[A-Z_]+:-([^}]*)\}/) { String($0.output.1) }
            .replacing(/\$\{[A-Z_]+:\?[^}]*\}/, with: String(repeating: "0123456789abcdef", count: 4))
    }
}
