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
    let read: @Sendable (JSONValue) throws(ChatError) -> Begin

    func start() {
        // Before it takes a place: a payload that is wrong counts as that.
        let begin: Begin
        do {
            begin = try read(envelope.payload)
        } catch {
            return refuse(error)
        }
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
        Task { await run(begin, in: turn) }
    }

    private func run(_ begin: Begin, in turn: BeginningTurn) async {
        guard let beginning = await carryOut(begin, in: turn) else { return }
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
    private func carryOut(_ begin: Begin, in turn: BeginningTurn) async -> Outcome? {
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
    /// What reads the payload of an envelope that begins a stream, by its `type`.
    static let readers: [String: @Sendable (JSONValue) throws(ChatError) -> Begin] = [
        "message.send": { (payload: JSONValue) throws(ChatError) -> Begin in
            let request = try SendMessageRequest(payload: payload)
            return { operation, turn in
                try await operation.connection.services.operations.sendMessage(
                    request,
                    caller: operation.caller,
                    idempotencyKey: operation.envelope.id,
                    turn: turn,
                    traceparent: operation.trace.traceparent
                )
            }
        },
        "message.recreate": { (payload: JSONValue) throws(ChatError) -> Begin in
            let request = try RecreateMessageRequest(payload: payload)
            return { operation, turn in
                try await operation.connection.services.operations.recreateMessage(
                    request,
                    caller: operation.caller,
                    idempotencyKey: operation.envelope.id,
                    turn: turn,
                    traceparent: operation.trace.traceparent
                )
            }
        },
        "session.summarize": { (payload: JSONValue) throws(ChatError) -> Begin in
            let request = try SummarizeSessionRequest(payload: payload)
            return { operation, turn in
                try await operation.connection.services.operations.summarizeSession(
                    request,
                    caller: operation.caller,
                    idempotencyKey: operation.envelope.id,
                    turn: turn,
                    traceparent: operation.trace.traceparent
                )
            }
        },
    ]
}

extension ChatError {
    static var tooManyStreams: ChatError {
        ChatError(.rateLimitExceeded, "Too many streams run on this connection.", limitType: "concurrent")
    }
}
