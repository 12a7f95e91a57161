import ChatCore
import ChatRuntime
import Synchronization

extension Connection {
    func attach(_ caller: Caller, lastSeq: Int64?) async {
        do {
            let attachment = try await services.push.attach(self, client: caller.clientID, after: lastSeq)
            let isClosed = state.withLock { state in
                if !state.machine.isClosing { state.attachment = attachment }
                return state.machine.isClosing
            }
            if isClosed { attachment.cancel() }
        } catch {
            let cause = error as? ChatError ?? .internalError(underlying: error)
            fail(cause, code: cause.code == .serviceUnavailable ? .overloaded : .internalError)
        }
    }

    /// The first envelope of a ready connection.
    func sendReady(lastSeq: Int64, client: ClientID) {
        let settings = services.configuration
        outbound.send(
            text: ServerEnvelope.encode(
                .connectionReady,
                [
                    "client_id": .string(client.rawValue),
                    "server_version": .string(Version.current),
                    "protocol_version": "2.0",
                    "capabilities": ["streaming", "push", "resume", "recreate", "summarize"],
                    "node_id": .string(services.node.name),
                    "connection_id": .string(id.description),
                    "last_seq": .integer(lastSeq),
                    "ping_interval_seconds": .integer(settings.connections.pingIntervalSeconds),
                    "max_payload_bytes": .integer(settings.connections.maximumPayloadBytes),
                    "max_concurrent_streams": .integer(settings.maximumConcurrentStreams),
                ]
            )
        )
        let drainNotice = state.withLock { state in
            state.isReady = true
            return state.drainNotice
        }
        if let drainNotice { outbound.send(text: drainNotice.envelope) }
        release()
    }
}
