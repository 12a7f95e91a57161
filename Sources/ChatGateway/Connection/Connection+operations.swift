import ChatCore
import ChatRuntime
import CoreMetrics
import Logging
import NIOCore
import Synchronization

extension Connection {
    /// Whether one more stream may be begun; if so, ``streamEnded()`` gives the place back.
    func reserveStream() -> Bool {
        state.withLock { $0.machine.streamRequested() } == .begin
    }

    func streamEnded() {
        state.withLock { $0.machine.streamEnded() }
    }

    /// Makes the viewer of a stream for which there was a place; it gives the place back with the end of the stream, and
    /// leaves the stream with the connection.
    func makeViewer(of message: MessageID, requestID: String, traceID: String) -> ConnectionViewer {
        let viewer = ConnectionViewer(
            connection: self,
            requestID: requestID,
            messageID: message,
            traceID: traceID
        )
        let isGone = state.withLock { state in
            if !state.isGone { state.viewers[ObjectIdentifier(viewer)] = viewer }
            return state.isGone
        }
        if isGone { viewer.leave() }
        return viewer
    }

    func viewerEnded(_ viewer: ConnectionViewer) {
        state.withLock { state in
            state.viewers[ObjectIdentifier(viewer)] = nil
            state.machine.streamEnded()
        }
    }

    /// What is given to the connection by one stream, or by push events, and not yet taken. A connection that does not take it
    /// is closed as a slow consumer.
    func makeFlow(
        pauseBytes: Int = StreamFlow.pauseBytes,
        onRoom: @escaping @Sendable () -> Void = {}
    ) -> StreamFlow {
        StreamFlow(eventLoop: channel.eventLoop, patience: patience, pauseBytes: pauseBytes, onRoom: onRoom)
    }

    func closeSlowConsumer() {
        guard state.withLock({ $0.machine.close() }) else { return }
        services.metrics.slowConsumers.increment()
        logger.notice("Closing a connection that does not keep up", metadata: .keys([.closeCode: "4408"]))
        outbound.finishAtOnce(
            closePayload: ServerFrame.closePayload(.slowConsumer, reason: "the client does not keep up")
        )
    }

    /// Answers an operation that was refused; bad input counts towards the limit of what is borne.
    func refuse(_ error: ChatError, requestID: String?, traceID: String) {
        if error.code == .invalidRequest {
            services.metrics.badInputs.increment()
            switch state.withLock({ $0.machine.badInputArrived(now: .now) }) {
            case .answer: break
            case .none: return
            case .close(let code):
                outbound.send(text: ServerEnvelope.responseError(error, requestID: requestID, traceID: traceID))
                outbound.finish(closePayload: ServerFrame.closePayload(code, reason: "too much bad input"))
                return
            }
        }
        outbound.send(text: ServerEnvelope.responseError(error, requestID: requestID, traceID: traceID))
    }
}
