/// Holds the dependencies that `Package.swift` gives to targets against the import table.
///
/// It reads the shape this package's manifest has: products bound to constants, targets listed with `name:` first.
enum ManifestRules {
    struct Target: Equatable {
        var name: String
        var dependencies: [String]
    }

    /// What only tests are made of, or talk to; like test targets, it may reach further.
    private static let testTools: Set<String> = ["CSpawn", "EchoPeer", "FaultHarness", "TestFakes", "TestSupport"]

    static func violations(in manifest: String) -> [Violation] {
        targets(in: manifest).flatMap { target -> [Violation] in
            guard let allowed = ImportRules.allowed(in: target.name) else {
                return [violation("target '\(target.name)' is not in the import table")]
            }
            return target.dependencies.filter { !allowed.contains($0) }
                .map { violation("\(target.name) must not depend on \($0)") }
        }
    }

    /// The targets that make up the product; test targets may reach further.
    static func targets(in manifest: String) -> [Target] {
        let products = products(in: manifest)
        let declaration =
            /\.(target|executableTarget)\(\s*name:\s*"(\w+)"(?:,\s*dependencies:\s*\[([^\]]*)\])?/
        return manifest.matches(of: declaration).compactMap { match in
            let name = String(match.2)
            guard !testTools.contains(name) else { return nil }
            let words = (match.3 ?? "").split { $0 == "," || $0.isWhitespace }.map(String.init)
            return Target(name: name, dependencies: words.map { dependency(named: $0, products: products) })
        }
    }

    /// `let nioCore = Target.Dependency.product(name: "NIOCore", …` as `nioCore: NIOCore`.
    private static func products(in manifest: String) -> [String: String] {
        let binding = /let (\w+) = Target\.Dependency\.product\(name: "(\w+)"/
        return Dictionary(
            manifest.matches(of: binding).map { (String($0.1), String($0.2)) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func dependency(named word: String, products: [String: String]) -> String {
        word.hasPrefix("\"") ? word.filter { $0 != "\"" } : products[word] ?? word
    }

    private static func violation(_ rule: String) -> Violation {
        Violation(path: "Package.swift", line: 1, rule: rule)
    }
}
