import Foundation

/// One Swift file of the package: where it is and what it says.
struct SourceFile {
    /// Path from the package root, such as `Sources/ChatCore/Values/Page.swift`.
    let path: String
    let text: String

    /// The directory below `Sources`, `Tests` or `Examples`: the target's name.
    var room: String {
        let parts = path.split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Lines as an editor counts them: the end of the last line does not begin another.
    var lineCount: Int { text.hasSuffix("\n") ? lines.count - 1 : lines.count }

    /// The numbered lines that hold a word, with comments and the contents of strings taken out.
    func codeLines(mentioning word: String) -> [(index: Int, code: Substring)] {
        guard text.contains(word) else { return [] }
        var stripper = CodeStripper(text)
        let lines = stripper.strip().split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().filter { $0.element.contains(word) }.map { ($0.offset, $0.element) }
    }
}

/// The checkout these tests were compiled from.
enum Checkout {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func manifest() throws -> String {
        try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
    }

    /// Every Swift file below a directory of the root, sorted by path.
    static func swiftFiles(in directory: String) throws -> [SourceFile] {
        let start = root.appending(path: directory)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: start.path)
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            SourceFile(
                path: "\(directory)/\(path)",
                text: try String(contentsOf: start.appending(path: path), encoding: .utf8)
            )
        }
    }

    /// The directories right below one of the root.
    static func rooms(in directory: String) throws -> [String] {
        try FileManager.default
            .contentsOfDirectory(at: root.appending(path: directory), includingPropertiesForKeys: [.isDirectoryKey])
            .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
            .map(\.lastPathComponent)
            .sorted()
    }
}
