import ArgumentParser
import ChatCore
import Foundation

/// Checks a backend against the contract; see `docs/backends.md`.
///
/// Exits with 0 when nothing failed, 1 when something did, 2 when the check could not be made.
@main
struct BackendCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat-engine-backend-check",
        abstract: "Sends a webhook backend every event of the chat engine and checks its answers.",
        discussion: "Exits with 0 when nothing failed, 1 when something did, 2 when the check could not be made."
    )

    @Argument(help: "The backend's address, as it stands in webhook_url.")
    var url: String

    @Option(help: "The webhook secret the backend was given; BACKEND_CHECK_SECRET in the environment does the same.")
    var secret: String?

    @Option(help: "timeout_seconds of the session type, 1 to 300.")
    var timeout = 30

    @Option(help: "What to say to the backend.")
    var prompt = CheckOptions(url: "").prompt

    @Option(help: "What makes the backend talk for a while, so that there is something to cut off.")
    var longPrompt = CheckOptions(url: "").longPrompt

    @Option(help: "What makes the backend fail; without it, failing is not checked.")
    var failingPrompt: String?

    @Option(help: "Only the expectation with this id, or those of this group; can be repeated.")
    var only: [String] = []

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ValidationError("The address of a backend begins with http:// or https://.")
        }
        guard (1...300).contains(timeout) else { throw ValidationError("--timeout is 1 to 300 seconds.") }
        if let name = options.unknownNames.first {
            let groups = Set(Expectation.all.map { $0.id.prefix { $0 != "." } }).sorted().joined(separator: ", ")
            throw ValidationError("There is no expectation '\(name)'; the groups are \(groups).")
        }
    }

    func run() async throws {
        let report: Report
        do {
            report = Report(url: url, outcomes: try await BackendChecker.check(options))
        } catch let failure as CheckFailure {
            try FileHandle.standardError.write(contentsOf: Data("\(failure)\n".utf8))
            throw ExitCode(2)
        }
        print(json ? report.json.text : report.text)
        if !report.isPassed { throw ExitCode(1) }
    }

    private var options: CheckOptions {
        var options = CheckOptions(url: url)
        options.secret = secret ?? ProcessInfo.processInfo.environment["BACKEND_CHECK_SECRET"]
        options.timeout = .seconds(timeout)
        options.prompt = prompt
        options.longPrompt = longPrompt
        options.failingPrompt = failingPrompt
        options.only = only
        return options
    }

    /// As ArgumentParser's own, but for the exit code of a bad command line, which is not one of the backend.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            try? FileHandle.standardError.write(contentsOf: Data("\(fullMessage(for: error))\n".utf8))
            exit(withError: ExitCode(2))
        }
    }
}
