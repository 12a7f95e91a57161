import Hummingbird
import Logging

/// What this backend answers to each event, and its statistics.
struct EchoRoutes: Sendable {
    private static let capabilities = [
        WebhookRequest.Capability(id: "echo", name: "Echo"),
        WebhookRequest.Capability(id: "shout", name: "Echo in capitals"),
    ]

    let pace: Duration
    let logger: Logger
    private let counters = EchoCounters()

    init(pace: Duration, logger: Logger) {
        self.pace = pace
        self.logger = logger
    }

    func router() -> Router<EchoContext> {
        let router = Router(context: EchoContext.self)
        router.post("/") { request, context in
            try await answer(try await request.decode(as: WebhookRequest.self, context: context), context)
        }
        router.get("/stats") { _, _ in try WebhookAnswer.json(counters.current) }
        return router
    }

    private func answer(_ call: WebhookRequest, _ context: EchoContext) async throws -> Response {
        logger.info("Event", metadata: ["event": "\(call.event)", "session_id": "\(call.sessionID ?? "-")"])
        counters.called(call.event)
        switch call.event {
        case "session.created":
            return try WebhookAnswer.json(WebhookAnswer.Capabilities(availableCapabilities: Self.capabilities))
        case "message.new":
            return try await echo(call.message?.text ?? "", call, context)
        case "message.recreate":
            let question = call.history?.last { $0.role == "user" }
            return try await echo("Once more: " + (question?.text ?? ""), call, context)
        case "session.summary":
            let count = call.history?.count ?? 0
            return try WebhookAnswer.json(
                WebhookAnswer.Summary(summary: "\(count) messages were echoed.", metadata: [:])
            )
        case "session_type.health_check":
            let health = WebhookAnswer.Health(status: "healthy", version: "1.0", capabilities: Self.capabilities)
            return try WebhookAnswer.json(health)
        default:
            return try WebhookAnswer.json(WebhookAnswer.Nothing())
        }
    }

    private func echo(_ text: String, _ call: WebhookRequest, _ context: EchoContext) async throws -> Response {
        var commands = EchoCommands(text)
        let inputTokens = commands.words.count
        if call.enabledCapabilities?.contains(where: { $0.id == "shout" }) == true {
            commands.words = commands.words.map { $0.uppercased() }
        }
        return try await EchoAnswer(
            commands: commands,
            pace: commands.pace ?? pace,
            inputTokens: inputTokens,
            counters: counters,
            connection: ClientConnection(context.channel)
        ).response()
    }
}
