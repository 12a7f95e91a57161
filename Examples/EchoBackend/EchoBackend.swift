import ArgumentParser
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// A backend to try the chat engine with: it streams the user's words back, at the pace and with the faults that
/// commands in the message ask for (see `EchoCommands`).
@main
struct EchoBackend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo-backend",
        abstract: "A webhook backend for the chat engine that echoes what it is told."
    )

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 8090

    @Option(help: "Pause between two words, like 20ms or 1s; /pace in a message overrides it.")
    var pace = Pace(.zero)

    func run() async throws {
        let logger = Logger(label: "echo-backend")
        let application = Application(
            router: EchoRoutes(pace: pace.duration, logger: logger).router(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(additionalChannelHandlers: [EndWithClient()])
            ),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                try? FileHandle.standardOutput.write(contentsOf: Data("http://\(host):\(port)\n".utf8))
            },
            logger: logger
        )
        // A hanging stream would hold up a graceful shutdown for ever, so a signal ends everything at once.
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [application],
                cancellationSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await services.run()
    }
}

/// A duration like `20ms` or `1.5s`.
struct Pace: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) {
        self.duration = duration
    }

    init?(argument: String) {
        let (number, unit) = argument.hasSuffix("ms") ? (argument.dropLast(2), 1.0) : (argument.dropLast(1), 1000.0)
        guard argument.hasSuffix("s"), let value = Double(number), (0...3_600_000).contains(value * unit) else {
            return nil
        }
        duration = .microseconds(Int64(value * unit * 1000))
    }

    var defaultValueDescription: String { "\(duration)" }
}
