import ChatCore
import ChatRuntime

/// `stream.resume`: shows a stream from a chunk on, whichever connection began it and wherever it runs.
struct ResumeOperation: Sendable {
    static let type = "stream.resume"

    let connection: Connection
    let envelope: ClientEnvelope
    let caller: Caller
    let trace: TraceContext

    func start() {
        let request: ResumeStreamRequest
        do {
            request = try ResumeStreamRequest(payload: envelope.payload)
        } catch {
            connection.services.metrics.resumeRefused()
            return refuse(error)
        }
        guard connection.reserveStream() else {
            refuse(.tooManyStreams)
            return
        }
        Task { await run(request) }
    }

    private func run(_ request: ResumeStreamRequest) async {
        let watch = connection.services.operations.watchStream
        let turn = await connection.snapshotTurns.take()
        defer { turn.pass() }
        do {
            let known = try await watch.find(request.messageID, reader: caller.clientID)
            connection.services.metrics.resumed(known.progress)
            let viewer = connection.makeViewer(
                of: request.messageID,
                requestID: envelope.id,
                traceID: trace.traceID
            )
            await watch.show(
                known,
                to: viewer,
                from: request.nextChunk,
                reader: caller.clientID,
                caughtUp: turn.pass
            )
        } catch {
            connection.services.metrics.resumeRefused()
            connection.streamEnded()
            refuse(error as? ChatError ?? .internalError(underlying: error))
        }
    }

    private func refuse(_ error: ChatError) {
        connection.refuse(error, of: envelope, trace: trace)
    }
}
