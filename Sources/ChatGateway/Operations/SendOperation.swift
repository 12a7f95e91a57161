import ChatCore
import ChatRuntime
import Logging

/// `message.send`: writes the exchange, says `message.streaming.start`, and has the answer streamed to the connection.
struct SendOperation: Sendable {
    static let type = "message.send"

    let connection: Connection
    let envelope: ClientEnvelope
    let caller: Caller
    let trace: TraceContext

    func start() {
        guard !connection.services.drain.isDraining else {
            refuse(ChatError(.serviceUnavailable, "This node is going away.", retryAfterSeconds: 1))
            return
        }
        guard connection.reserveStream() else {
            refuse(
                ChatError(.rateLimitExceeded, "Too many streams run on this connection.", limitType: "concurrent")
            )
            return
        }
        Task { await run() }
    }

    private func run() async {
        do {
            let request = try SendMessageRequest(payload: envelope.payload)
            let outcome = try await connection.services.sendMessage.begin(
                request,
                caller: caller,
                idempotencyKey: envelope.id,
                traceparent: trace.traceparent
            )
            switch outcome {
            case .begun(let begun):
                stream(begun)
            case .repeated(_, let response):
                connection.streamEnded()
                refuse(
                    ChatError(
                        .conflict,
                        "This id was used before; its answer exists.",
                        resourceID: response.description
                    )
                )
            }
        } catch {
            connection.streamEnded()
            refuse(error as? ChatError ?? .internalError(underlying: error))
        }
    }

    private func stream(_ begun: SendMessage.Begun) {
        connection.outbound.send(
            text: ServerEnvelope.streamingStart(
                requestID: envelope.id,
                userMessage: begun.userMessage.id,
                response: begun.response
            )
        )
        let sink = ConnectionSink(
            connection: connection,
            requestID: envelope.id,
            messageID: begun.response.id,
            traceID: trace.traceID
        )
        connection.services.sendMessage.start(begun, sink: sink)
    }

    private func refuse(_ error: ChatError) {
        if error.code == .internalError || error.code == .serviceUnavailable {
            connection.logger.error(
                "An operation failed",
                metadata: .keys([.operation: "\(Self.type)", .error: "\(error)", .traceID: "\(trace.traceID)"])
            )
        }
        connection.refuse(error, requestID: envelope.id, traceID: trace.traceID)
    }
}
