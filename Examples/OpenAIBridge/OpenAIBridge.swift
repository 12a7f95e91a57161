import ArgumentParser
import AsyncHTTPClient
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// A backend that asks any server which speaks OpenAI's `/v1/chat/completions`, hosted or your own.
@main
struct OpenAIBridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openai-bridge",
        abstract: "A webhook backend for the chat engine that asks an OpenAI-compatible server.",
        discussion: """
            OPENAI_API_KEY is the server's key, WEBHOOK_SECRET the session type's webhook_secret. OPENAI_BASE_URL and \
            OPENAI_MODEL do what --base-url and --model do.
            """
    )

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 8091

    @Option(help: "Where the server is.")
    var baseURL = ProcessInfo.processInfo.environment["OPENAI_BASE_URL"] ?? "https://api.openai.com/v1"

    @Option(help: "The model that is asked unless a capability names another.")
    var model = ProcessInfo.processInfo.environment["OPENAI_MODEL"] ?? "gpt-4.1-mini"

    @Option(help: "What the model is told before every conversation.")
    var systemPrompt: String?

    @Option(help: "A JSON file of capabilities: [{\"id\": …, \"name\": …, \"options\": {\"temperature\": 1.2}}, …].")
    var capabilities: String?

    @Option(help: "Seconds to wait for the server's head, and for whatever comes next.")
    var timeout = 60

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("--timeout is at least 1.") }
        guard baseURL.hasPrefix("http://") || baseURL.hasPrefix("https://") else {
            throw ValidationError("--base-url begins with http:// or https://.")
        }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        var configuration = BridgeConfiguration(baseURL: baseURL, model: model)
        configuration.apiKey = environment["OPENAI_API_KEY"]
        configuration.webhookSecret = environment["WEBHOOK_SECRET"].flatMap { $0.isEmpty ? nil : $0 }
        configuration.systemPrompt = systemPrompt
        configuration.timeoutSeconds = timeout
        if let capabilities { configuration.capabilities = try BridgeConfiguration.capabilities(inFile: capabilities) }

        let logger = Logger(label: "openai-bridge")
        let client = CompletionServer.makeClient(configuration)
        let server = CompletionServer(configuration, client: client)
        let application = Application(
            router: BridgeRoutes(server: server, logger: logger).router(),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? port
                try? FileHandle.standardOutput.write(contentsOf: Data("http://\(host):\(port)\n".utf8))
            },
            logger: logger
        )
        // A long answer would hold up a graceful shutdown, so a signal ends everything at once.
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [application],
                cancellationSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        do {
            try await services.run()
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }
}
