import ChatCore
import ChatRuntime
import Logging

/// An operation that begins a stream: writes what it needs, says `message.streaming.start`, and has the stream shown to
/// the connection. The same envelope sent again joins the stream that it began.
struct StreamOperation: Sendable {
    typealias Begin = @Sendable (StreamOperation) async throws -> StreamBeginning

    let connection: Connection
    let envelope: ClientEnvelope
    let caller: Caller
    let trace: TraceContext
    let begin: Begin

    func start() {
        guard !connection.services.drain.isDraining else {
            refuse(ChatError(.serviceUnavailable, "This node is going away.", retryAfterSeconds: 1))
            return
        }
        guard connection.reserveStream() else {
            refuse(.tooManyStreams)
            return
        }
        Task { await run() }
    }

    private func run() async {
        do {
            switch try await begin(self) {
            case .begun(let stream):
                stream.start(
                    viewer: announce(
                        stream.messageID,
                        userMessage: stream.userMessageID,
                        session: stream.sessionID
                    )
                )
            case .repeated(let userMessageID, let messageID, let sessionID):
                let watch = connection.services.operations.watchStream
                let known = try await watch.find(messageID, reader: caller.clientID)
                let viewer = announce(messageID, userMessage: userMessageID, session: sessionID)
                await watch.show(known, to: viewer, from: 0, reader: caller.clientID)
            }
        } catch {
            connection.streamEnded()
            refuse(error as? ChatError ?? .internalError(underlying: error))
        }
    }

    /// Says that the stream begins, and returns its viewer.
    private func announce(_ id: MessageID, userMessage: MessageID?, session: SessionID) -> ConnectionViewer {
        connection.outbound.send(
            text: ServerEnvelope.streamingStart(
                requestID: envelope.id,
                message: id,
                userMessage: userMessage,
                session: session
            )
        )
        return connection.makeViewer(of: id, requestID: envelope.id, traceID: trace.traceID)
    }

    private func refuse(_ error: ChatError) {
        connection.refuse(error, of: envelope, trace: trace)
    }
}

extension StreamOperation {
    /// What begins a stream, by the `type` of the envelope.
    static let beginnings: [String: Begin] = [
        "message.send": { operation in
            try await operation.connection.services.operations.sendMessage(
                SendMessageRequest(payload: operation.envelope.payload),
                caller: operation.caller,
                idempotencyKey: operation.envelope.id,
                traceparent: operation.trace.traceparent
            )
        },
        "message.recreate": { operation in
            try await operation.connection.services.operations.recreateMessage(
                RecreateMessageRequest(payload: operation.envelope.payload),
                caller: operation.caller,
                idempotencyKey: operation.envelope.id,
                traceparent: operation.trace.traceparent
            )
        },
        "session.summarize": { operation in
            try await operation.connection.services.operations.summarizeSession(
                SummarizeSessionRequest(payload: operation.envelope.payload),
                caller: operation.caller,
                idempotencyKey: operation.envelope.id,
                traceparent: operation.trace.traceparent
            )
        },
    ]
}

extension ChatError {
    static var tooManyStreams: ChatError {
        ChatError(.rateLimitExceeded, "Too many streams run on this connection.", limitType: "concurrent")
    }
}
