import ChatCore
import Synchronization

/// Shows one stream to the connection that asked for it, in its own envelopes.
///
/// When the connection is gone it leaves, and the stream runs on without it.
final class ConnectionViewer: StreamViewer {
    private struct State {
        var seat: StreamSeat?
        /// It takes nothing any more.
        var isGone = false
        /// It was told the end.
        var hasEnded = false
    }

    private let connection: Connection
    private let requestID: String
    private let messageID: MessageID
    private let traceID: String
    private let envelope: ChunkEnvelope
    private let flow: StreamFlow
    private let state: Watch

    /// Apart from the viewer, because the flow needs it, too.
    private final class Watch: Sendable {
        let state = Mutex(State())
    }

    /// A viewer takes one of the connection's places for streams; it gives it back with the end.
    init(connection: Connection, requestID: String, messageID: MessageID, traceID: String) {
        self.connection = connection
        self.requestID = requestID
        self.messageID = messageID
        self.traceID = traceID
        envelope = ChunkEnvelope(requestID: requestID, messageID: messageID)
        let state = Watch()
        self.state = state
        flow = connection.makeFlow { state.state.withLock { $0.seat }?.hasRoom() }
    }

    var isGone: Bool { state.state.withLock { $0.isGone } }

    /// It is shown a stream on this node, whose end it has not had.
    var isSeated: Bool { state.state.withLock { $0.seat != nil } }

    func seated(_ seat: StreamSeat) {
        let isGone = state.state.withLock { state in
            state.seat = seat
            return state.isGone
        }
        if isGone { seat.leave() }
    }

    /// The connection is gone.
    func leave() {
        let seat = state.state.withLock { state in
            state.isGone = true
            defer { state.seat = nil }
            return state.seat
        }
        flow.close()
        seat?.leave()
    }

    func deliver(_ json: String, index: Int) -> Bool {
        send(envelope.encode(json, index: index))
    }

    func deliver(snapshot: [ContentPart], nextChunk: Int) -> Bool {
        send(
            ServerEnvelope.streamingSnapshot(
                snapshot,
                nextChunk: nextChunk,
                message: messageID,
                requestID: requestID
            )
        )
    }

    private func send(_ bytes: [UInt8]) -> Bool {
        let hasRoom = flow.given(bytes.count)
        connection.outbound.send(text: bytes, flow: flow)
        return hasRoom
    }

    func waitForRoom() async { await flow.waitForRoom() }

    func dismiss() {
        // First, so that nothing follows what is told then.
        state.state.withLock { $0.seat }?.leave()
        ended(.gone)
    }

    func ended(_ outcome: StreamOutcome) {
        let isFirst = state.state.withLock { state in
            defer { state.hasEnded = true }
            return !state.hasEnded
        }
        guard isFirst else { return }
        connection.outbound.send(text: lastEnvelope(outcome))
        connection.viewerEnded(self)
        state.state.withLock { state in
            state.isGone = true
            state.seat = nil
        }
        flow.close()
    }

    private func lastEnvelope(_ outcome: StreamOutcome) -> [UInt8] {
        let error: ChatError
        switch outcome {
        case .ended(let result, nil):
            return ServerEnvelope.streamingComplete(result, message: messageID, requestID: requestID)
        case .ended(_, let cause?): error = cause
        case .gone: error = .messageNotFound(messageID)
        case .takenOver:
            error = ChatError(.serviceUnavailable, "The answer was interrupted.", retryAfterSeconds: 1)
        }
        return ServerEnvelope.streamingError(error, message: messageID, requestID: requestID, traceID: traceID)
    }
}
