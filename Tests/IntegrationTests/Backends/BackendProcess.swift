import ChatCore
import Foundation
import TestSupport

/// A backend as a process of its own, on a free loopback port.
struct BackendProcess: Sendable {
    static let secret = "whsec_ZXhhbXBsZSBiYWNrZW5kIHNlY3JldCAx"

    let url: String
    private let child: ChildProcess
    private let logPath: String

    /// Starts a program and returns when something answers on `port`.
    static func start(
        _ executable: String,
        _ arguments: [String],
        port: Int,
        environment: [String: String] = [:]
    ) async throws -> BackendProcess {
        let logs = try TemporaryDirectory(prefix: "backend")
        let log = logs.file("log")
        let child = try await ChildProcess.start(executable, arguments, environment: environment, logPath: log)
        let process = BackendProcess(url: "http://127.0.0.1:\(port)/", child: child, logPath: log)
        try await eventually("\(executable) answers", within: .seconds(60)) {
            guard child.isRunning else { throw TestSupportError("it has ended: \(process.log)") }
            return try await APIClient(baseURL: process.url).post("", ["event": "session_type.health_check"]).status
        }
        return process
    }

    /// Starts one of the executables of this package.
    static func product(
        _ name: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> BackendProcess {
        let port = try FreePort.next()
        let environment = environment.merging(["PORT": "\(port)"]) { given, _ in given }
        let arguments = name == "minimal-backend" ? arguments : arguments + ["--port", "\(port)"]
        return try await start(
            try BuiltProducts.path(of: name),
            arguments,
            port: port,
            environment: environment
        )
    }

    /// Starts a Python program, with the packages the tests install.
    static func python(
        _ path: String,
        _ arguments: [String] = [],
        port: Int? = nil,
        environment: [String: String] = [:]
    ) async throws -> BackendProcess {
        let port = try port ?? FreePort.next()
        return try await start(
            try TestTools.path(of: "python"),
            ["-B", path, "--port", "\(port)"] + arguments,
            port: port,
            environment: environment
        )
    }

    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    func stop() async { await child.stop(signal: SIGKILL) }

    /// Runs `body` and ends the process, whatever comes of it.
    func use(_ body: (BackendProcess) async throws -> Void) async throws {
        do {
            try await body(self)
        } catch {
            await stop()
            throw TestSupportError("\(error); \(log)")
        }
        await stop()
    }

    /// The path of an example's file.
    static func example(_ path: String) -> String {
        TestTools.package.appendingPathComponent("Examples/\(path)").path
    }
}

/// stubllm, which stands in for an OpenAI-compatible server.
enum StubLanguageModel {
    static let key = "sk-stub"

    /// Runs `body` with the address of a server that answers from `Tests/stubllm/fixtures.yaml`.
    static func with(_ body: (String) async throws -> Void) async throws {
        let fixtures = TestTools.package.appendingPathComponent("Tests/stubllm/fixtures.yaml").path
        let port = try FreePort.next()
        let server = try await BackendProcess.start(
            try TestTools.path(of: "stubllm"),
            ["serve", "--port", "\(port)", "--fixture-file", fixtures, "--log-level", "warning"],
            port: port
        )
        try await server.use { _ in try await body("http://127.0.0.1:\(port)/v1") }
    }
}
