import CSpawn
import Foundation

extension ChildProcess {
    struct Launch: Sendable {
        var executable: String
        var arguments: [String]
        var environment: [String: String]
        var user: String?
        var directory: String?

        /// A credential change would clear the parent death signal; `setpriv` sets it after the change.
        var commandLine: [String] {
            var line = ["setpriv", "--pdeathsig", "KILL"]
            if let user { line += ["--reuid", user, "--regid", user, "--clear-groups"] }
            return line + ["--", executable] + arguments
        }

        /// Starts it with nothing open but its output and error, no signal blocked and none ignored.
        ///
        /// - Throws: when `setpriv` cannot be started.
        /// - Returns: the process identifier.
        func spawn(output: OutputFile, error: OutputFile) throws -> Int32 {
            defer { withExtendedLifetime((output, error)) {} }
            let variables = ProcessInfo.processInfo.environment.merging(environment) { _, added in added }
            var processID: pid_t = 0
            let failure = withCStrings(commandLine) { arguments in
                withCStrings(variables.map { "\($0)=\($1)" }) { variables in
                    cspawn(&processID, directory, output.descriptor, error.descriptor, arguments, variables)
                }
            }
            guard failure == 0 else {
                throw TestSupportError("cannot start setpriv: \(String(cString: strerror(failure)))")
            }
            return processID
        }
    }

    /// A file that a child writes to, open until the last use of this value.
    final class OutputFile: Sendable {
        let descriptor: Int32

        private init(path: String, flags: Int32) throws {
            descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o644)
            guard descriptor >= 0 else {
                throw TestSupportError("cannot open \(path): \(String(cString: strerror(errno)))")
            }
        }

        static func appending(to path: String) throws -> OutputFile { try OutputFile(path: path, flags: O_APPEND) }

        static func new(_ path: String) throws -> OutputFile { try OutputFile(path: path, flags: O_TRUNC) }

        deinit { close(descriptor) }
    }
}

/// Calls `body` with the strings as C wants a list of them: each ends with a zero byte, the list with a null pointer.
private func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    let list = strings.map { strdup($0) } + [nil]
    defer {
        for string in list { free(string) }
    }
    return body(list)
}
