import ArgumentParser
import ChatRuntime

/// `chat-engine-bus`: relays the event log, delivers background events to backends, closes orphaned streams.
@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat-engine-bus",
        abstract: "The event relay of Chat Engine.",
        version: Version.current,
        subcommands: [Serve.self, CheckConfig.self],
        defaultSubcommand: Serve.self
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until SIGTERM.")

        @Argument(parsing: .allUnrecognized, help: "Settings as --name value; see docs/configuration.md.")
        var settings: [String] = []

        func run() async {
            do {
                try await buildBus(try await BusConfiguration.read(arguments: settings)).run()
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
                for line in try await BusConfiguration.check(arguments: settings) { print(line) }
            } catch {
                ProcessRunner.fail(error)
            }
        }
    }
}
