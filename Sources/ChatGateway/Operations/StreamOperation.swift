import ChatCore
import ChatRuntime
import Logging

/// An operation that begins a stream: writes what it needs, says `message.streaming.start`, and has the stream shown to
/// the connection. The same envelope sent again joins the stream that it began.
struct StreamOperation: Sendable {
    typealias Begin = @Sendable (StreamOperation, BeginningTurn) async throws -> StreamBeginning

    let connection: Connection
    let envelope: ClientEnvelope
    let caller: Caller
    let trace: TraceContext
    let begin: Begin

    func start() {
        // Counted until its stream runs, so that a drain waits for that too: what is committed has to be answered.
        guard connection.services.running.began(unless: connection.services.drain) else {
            refuse(.goingAway)
            return
        }
        guard connection.reserveStream() else {
            connection.services.running.ended()
            refuse(.tooManyStreams)
            return
        }
        // Here, where frames are taken in their order.
        let turn = connection.beginnings.enter(envelope.payload["session_id"]?.stringValue.flatMap { SessionID($0) })
        Task { await run(in: turn) }
    }

    private func run(in turn: BeginningTurn) async {
        guard let beginning = await carryOut(in: turn) else { return }
        let watch = connection.services.operations.watchStream
        switch beginning {
        case .begun(let stream, let viewer):
            await watch.watchOver(viewer, of: stream.messageID, owner: stream.clientID, reader: caller.clientID)
        case .repeated(let userMessageID, let messageID, let sessionID):
            let snapshotTurn = await connection.snapshotTurns.take()
            defer { snapshotTurn.pass() }
            do {
                let known = try await watch.find(messageID, reader: caller.clientID)
                let viewer = announce(messageID, userMessage: userMessageID, session: sessionID)
                await watch.show(
                    known,
                    to: viewer,
                    from: 0,
                    reader: caller.clientID,
                    caughtUp: snapshotTurn.pass
                )
            } catch {
                failed(error)
            }
        }
    }

    private enum Outcome {
        /// It runs, and is shown.
        case begun(BegunStream, ConnectionViewer)
        /// As in ``StreamBeginning``.
        case repeated(userMessageID: MessageID?, messageID: MessageID, sessionID: SessionID)
    }

    /// Begins the stream, or refuses the request. When it returns, a stream that was begun is in the registry.
    private func carryOut(in turn: BeginningTurn) async -> Outcome? {
        defer {
            turn.over()
            connection.services.running.ended()
        }
        do {
            switch try await begin(self, turn) {
            case .begun(let stream):
                let viewer = announce(
                    stream.messageID,
                    userMessage: stream.userMessageID,
                    session: stream.sessionID
                )
                stream.start(viewer: viewer)
                return .begun(stream, viewer)
            case .repeated(let userMessageID, let messageID, let sessionID):
                return .repeated(userMessageID: userMessageID, messageID: messageID, sessionID: sessionID)
            }
        } catch {
            failed(error)
            return nil
        }
    }

    private func failed(_ error: any Error) {
        connection.streamEnded()
        refuse(error as? ChatError ?? .internalError(underlying: error))
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
        "message.send": { operation, turn in
            try await operation.connection.services.operations.sendMessage(
                SendMessageRequest(payload: operation.envelope.payload),
                caller: operation.caller,
                idempotencyKey: operation.envelope.id,
                turn: turn,
                traceparent: operation.trace.traceparent
            )
        },
        "message.recreate": { operation, turn in
            try await operation.connection.services.operations.recreateMessage(
                RecreateMessageRequest(payload: operation.envelope.payload),
                caller: operation.caller,
                idempotencyKey: operation.envelope.id,
                turn: turn,
                traceparent: operation.trace.traceparent
            )
        },
        "session.summarize": { operation, turn in
            try await operation.connection.services.operations.summarizeSession(
                SummarizeSessionRequest(payload: operation.envelope.payload),
                caller: operation.caller,
                idempotencyKey: operation.envelope.id,
                turn: turn,
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
