internal import Configuration
internal import FoundationEssentials
internal import Synchronization

/// The file `--config` names: JSON or YAML by its ending, the same keys as the environment.
struct ConfigurationFile {
    let provider: any ConfigProvider
    /// Every key in it, nested ones joined by dots.
    let names: [String]

    /// - Throws: ``ConfigurationProblems`` with one line that names the file, but none of its contents.
    init(path: String) async throws(ConfigurationProblems) {
        let ending = path.split(separator: ".").last?.lowercased() ?? ""
        guard ["json", "yaml", "yml"].contains(ending) else {
            throw ConfigurationProblems(["--config \(path): the name must end in .json, .yaml or .yml"])
        }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw ConfigurationProblems(["--config \(path): there is no such file, or it cannot be read"])
        }
        let seen = SeenNames()
        let location = ConfigReader(
            provider: InMemoryProvider(values: ["filePath": .init(.string(path), isSecret: false)])
        )
        do {
            if ending == "json" {
                let options = JSONSnapshot.ParsingOptions(secretsSpecifier: .dynamic { name, _ in seen.insert(name) })
                provider = try await FileProvider<JSONSnapshot>(parsingOptions: options, config: location)
            } else {
                let options = YAMLSnapshot.ParsingOptions(secretsSpecifier: .dynamic { name, _ in seen.insert(name) })
                provider = try await FileProvider<YAMLSnapshot>(parsingOptions: options, config: location)
            }
        } catch {
            throw ConfigurationProblems([
                "--config \(path): it is not well-formed \(ending.uppercased()) of one key a value"
            ])
        }
        names = seen.sorted
    }
}

/// The names a file provider asks about while it parses: it wants to know of each whether it is a secret, which is the
/// one place it shows what a file holds.
private final class SeenNames: Sendable {
    private let names = Mutex<Set<String>>([])

    /// Counts every value of the file as a secret, so that none can be printed by accident.
    func insert(_ name: String) -> Bool {
        names.withLock { _ = $0.insert(name) }
        return true
    }

    var sorted: [String] { names.withLock { $0.sorted() } }
}
