import ArgumentParser
import ChatRuntime

/// `chat-engine-gateway`: holds WebSocket connections and runs streams.
@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat-engine-gateway",
        abstract: "The WebSocket gateway of Chat Engine.",
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
                try await buildGateway(try await GatewayConfiguration.read(arguments: settings)).run()
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
                for line in try await GatewayConfiguration.check(arguments: settings) { print(line) }
            } catch {
                ProcessRunner.fail(error)
            }
        }
    }
}
