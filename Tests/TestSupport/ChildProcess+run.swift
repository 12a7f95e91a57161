import Foundation

extension ChildProcess {
    /// What a finished command left behind.
    public struct Result: Sendable {
        public var status: ExitStatus
        public var standardOutput: String
        public var standardError: String
    }

    /// Runs a command to its end and returns what it printed.
    public static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        user: String? = nil,
        directory: String? = nil
    ) async throws -> Result {
        let output = try TemporaryDirectory(prefix: "child-process")
        defer { output.remove() }
        let paths = (output: output.file("stdout"), error: output.file("stderr"))
        let child = try await SpawnThread.shared.run {
            try spawn(
                Launch(
                    executable: executable,
                    arguments: arguments,
                    environment: environment,
                    user: user,
                    directory: directory
                ),
                output: try .new(paths.output),
                error: try .new(paths.error)
            )
        }
        let status = await child.waitUntilExit()
        return Result(
            status: status,
            standardOutput: try contents(of: paths.output),
            standardError: try contents(of: paths.error)
        )
    }

    /// Like ``run(_:_:environment:user:directory:)``, and throws when the command fails.
    @discardableResult
    public static func check(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        user: String? = nil,
        directory: String? = nil
    ) async throws -> String {
        let result = try await run(
            executable,
            arguments,
            environment: environment,
            user: user,
            directory: directory
        )
        guard result.status.isSuccess else {
            throw TestSupportError(
                "\(executable) \(arguments.joined(separator: " ")) ended with \(result.status.code): "
                    + result.standardError + result.standardOutput
            )
        }
        return result.standardOutput
    }

    private static func contents(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}
