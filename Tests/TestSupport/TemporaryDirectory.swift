import Foundation

/// A directory of its own for one server or test, removed with ``remove()`` or when the process exits.
public struct TemporaryDirectory: Sendable {
    public let path: String

    /// Makes the directory; its name begins with `prefix`.
    public init(prefix: String) throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestSupportError("mkdtemp failed: \(String(cString: strerror(errno)))")
        }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        ExitCleanup.add(directory: path)
    }

    /// The path of `name` in this directory.
    public func file(_ name: String) -> String {
        "\(path)/\(name)"
    }

    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
        ExitCleanup.remove(directory: path)
    }
}
