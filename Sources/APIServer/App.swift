import ArgumentParser
import ChatRuntime

/// `chat-engine-api`: serves REST, and administers the database.
@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat-engine-api",
        abstract: "The REST node of Chat Engine.",
        version: Version.current,
        subcommands: [Serve.self, CheckConfig.self, Migrate.self, Token.self, SessionTypes.self, Webhooks.self],
        defaultSubcommand: Serve.self
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until SIGTERM.")

        @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
        var settings: [String] = []

        func run() async {
            do {
                try await buildAPI(try await APIConfiguration.read(arguments: settings)).run()
            } catch {
                ProcessRunner.fail(error)
            }
        }
    }

    struct CheckConfig: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the effective configuration.")

        @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
        var settings: [String] = []

        func run() async {
            do {
                for line in try await APIConfiguration.check(arguments: settings) { print(line) }
            } catch {
                ProcessRunner.fail(error)
            }
        }
    }
}
