public import Foundation

/// The programs from PyPI that `scripts/install --tests` installs.
public enum TestTools {
    /// The path of a program.
    ///
    /// - Throws: ``TestSupportError`` when it is not installed.
    public static func path(of program: String) throws -> String {
        let path = package.appendingPathComponent(".build/test-tools/bin/\(program)").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestSupportError("\(program) is not installed: run scripts/install --tests")
        }
        return path
    }

    /// The cases of the Autobahn suite; see `Tests/autobahn`.
    public static let autobahnCases = package.appendingPathComponent(
        ".build/test-tools/autobahn/autobahntestsuite/case"
    )

    /// The package's own directory.
    public static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
