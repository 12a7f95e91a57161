import Foundation
import TestSupport
import Yams

/// `docker-compose.yml`, as far as tests look at it.
struct ComposeFile {
    struct Service {
        let image: String?
        /// The stage of `deploy/Dockerfile` it is built from.
        let target: String?
        let command: [String]
        let environment: [String: String]
        let dependsOn: Set<String>
    }

    static var root: URL {
        URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    let services: [String: Service]

    init() throws {
        let document = try Yams.load(yaml: try Self.text("docker-compose.yml")) as? [String: Any]
        guard let services = document?["services"] as? [String: [String: Any]] else {
            throw TestSupportError("docker-compose.yml has no services")
        }
        self.services = services.mapValues { fields in
            let build = fields["build"] as? [String: Any]
            let environment = fields["environment"] as? [String: Any] ?? [:]
            let dependencies = fields["depends_on"]
            return Service(
                image: fields["image"] as? String,
                target: build?["target"] as? String,
                command: fields["command"] as? [String] ?? [],
                environment: environment.mapValues { "\($0)" },
                dependsOn: Set(
                    (dependencies as? [String]) ?? (dependencies as? [String: Any]).map { Array($0.keys) } ?? []
                )
            )
        }
    }

    func services(builtFrom target: String) -> [(name: String, service: Service)] {
        services.filter { $0.value.target == target }.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }
}
