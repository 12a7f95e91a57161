import ChatCore

/// Sends one answer to the connection that asked for it.
///
/// When the connection is gone, everything returns at once and the stream runs on without it.
struct ConnectionSink: StreamSink {
    private let connection: Connection
    private let requestID: String
    private let messageID: MessageID
    private let traceID: String
    private let envelope: ChunkEnvelope
    private let flow = StreamFlow()

    init(connection: Connection, requestID: String, messageID: MessageID, traceID: String) {
        self.connection = connection
        self.requestID = requestID
        self.messageID = messageID
        self.traceID = traceID
        self.envelope = ChunkEnvelope(requestID: requestID, messageID: messageID)
    }

    func deliver(_ chunk: StreamChunk, index: Int) async {
        let bytes = envelope.encode(chunk, index: index)
        flow.given(bytes.count)
        connection.outbound.send(text: bytes, flow: flow)
        await flow.waitForRoom()
    }

    func ended(_ message: Message, ending: StreamStateMachine.Ending) async {
        connection.streamEnded()
        if let error = ending.error {
            connection.outbound.send(
                text: ServerEnvelope.streamingError(
                    error,
                    message: messageID,
                    requestID: requestID,
                    traceID: traceID
                )
            )
        } else {
            connection.outbound.send(
                text: ServerEnvelope.streamingComplete(message, chunks: ending.chunks, requestID: requestID)
            )
        }
    }

    func takenOver() async {
        connection.streamEnded()
        connection.outbound.send(
            text: ServerEnvelope.streamingError(
                ChatError(.serviceUnavailable, "The answer was interrupted.", retryAfterSeconds: 1),
                message: messageID,
                requestID: requestID,
                traceID: traceID
            )
        )
    }
}
