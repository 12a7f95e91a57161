import Foundation
import Hummingbird
import Logging

/// What the bridge answers to each event.
struct BridgeRoutes: Sendable {
    private static let summaryPrompt =
        "Summarise the conversation so far in a few sentences, in its own language. Answer with the summary alone."

    let server: CompletionServer
    let logger: Logger
    private let signatures: SignatureCheck?

    init(server: CompletionServer, logger: Logger) {
        self.server = server
        self.logger = logger
        signatures = server.configuration.webhookSecret.map(SignatureCheck.init(secret:))
    }

    func router() -> Router<BridgeContext> {
        let router = Router(context: BridgeContext.self)
        router.post("/") { request, context in
            let body = try await request.body.collect(upTo: context.maxUploadSize)
            if let signatures, !signatures.accepts(request.headers, body: body) {
                return try WebhookAnswer.json(
                    WebhookAnswer.Failure(message: "The signature is wrong.", errorCode: "SIGNATURE"),
                    status: .unauthorized
                )
            }
            guard let call = try? JSONDecoder().decode(WebhookRequest.self, from: Data(body.readableBytesView)) else {
                return try WebhookAnswer.json(
                    WebhookAnswer.Failure(message: "This is no event.", errorCode: "INVALID_REQUEST"),
                    status: .badRequest
                )
            }
            return try await answer(call, context)
        }
        return router
    }

    private func answer(_ call: WebhookRequest, _ context: BridgeContext) async throws -> Response {
        logger.info("Event", metadata: ["event": "\(call.event)", "session_id": "\(call.sessionID ?? "-")"])
        let configuration = server.configuration
        let capabilities = configuration.capabilities.map(\.json)
        switch call.event {
        case "session.created":
            return try WebhookAnswer.json(WebhookAnswer.Capabilities(availableCapabilities: capabilities))
        case "message.new", "message.recreate":
            let messages = ChatMessages.from(
                system: configuration.systemPrompt,
                history: call.history ?? [],
                message: call.message
            )
            return try await complete(messages, call, context)
        case "session.summary":
            let wish = call.summarizationSettings?["prompt"]?.stringValue ?? Self.summaryPrompt
            let messages = ChatMessages.from(system: nil, history: call.history ?? [], message: nil)
            return try await complete(messages + [["role": "user", "content": .string(wish)]], call, context)
        case "session_type.health_check":
            let status = await server.health()
            return try WebhookAnswer.json(
                WebhookAnswer.Health(status: status, version: "1.0", capabilities: capabilities)
            )
        default:
            // message.aborted, session.deleted, message.reaction: nothing is kept here that would change with them.
            return try WebhookAnswer.json(WebhookAnswer.Nothing())
        }
    }

    /// Streams the server's answer. Failures before its head are told by a status, later ones by `event: error`.
    private func complete(
        _ messages: [JSONValue],
        _ call: WebhookRequest,
        _ context: BridgeContext
    ) async throws -> Response {
        let request = server.configuration.request(messages, enabling: call.enabledCapabilities?.map(\.id) ?? [])
        let connection = try await ClientConnection(context.channel)
        do {
            let pieces = try await server.answer(request, for: connection)
            return Response(
                status: .ok,
                headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"],
                body: ResponseBody { writer in
                    try await stream(pieces, to: &writer)
                    try await writer.finish(nil)
                }
            )
        } catch let failure as UpstreamFailure {
            log(failure, call)
            var response = try WebhookAnswer.json(failure.answer, status: failure.status)
            if let retryAfter = failure.retryAfter { response.headers[.retryAfter] = retryAfter }
            return response
        }
    }

    private func stream(
        _ pieces: AsyncThrowingStream<CompletionPiece, any Error>,
        to writer: inout any ResponseBodyWriter
    ) async throws {
        var metadata = WebhookAnswer.Metadata()
        do {
            for try await piece in pieces {
                switch piece {
                case .text(let text):
                    try await writer.write(try WebhookAnswer.event("chunk", WebhookAnswer.Chunk(content: text)))
                case .usage(let usage): metadata.usage = usage
                case .model(let model): metadata.model = model
                case .finished(let reason): metadata.finishReason = reason
                }
            }
            try await writer.write(try WebhookAnswer.event("complete", WebhookAnswer.Complete(metadata: metadata)))
        } catch let failure as UpstreamFailure {
            log(failure, nil)
            try await writer.write(try WebhookAnswer.event("error", failure.answer))
        }
    }

    private func log(_ failure: UpstreamFailure, _ call: WebhookRequest?) {
        logger.warning(
            "The server failed",
            metadata: ["code": "\(failure.code)", "session_id": "\(call?.sessionID ?? "-")"]
        )
    }
}
