import Foundation

/// A directory of one test's own.
struct TemporaryDirectory {
    let path: String

    /// Runs `body` and removes the directory.
    static func with<Result>(_ body: (TemporaryDirectory) async throws -> Result) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("chat-api-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(TemporaryDirectory(path: directory.path))
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The names of all files, in order.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}
