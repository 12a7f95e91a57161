import ChatCore
import ChatRuntime

/// `auth`: the token as a message, first or fresh.
struct AuthOperation: Sendable {
    static let type = "auth"

    let connection: Connection
    let envelope: ClientEnvelope

    func start() {
        Task { await run() }
    }

    private func run() async {
        do throws(ChatError) {
            var reader = try ObjectReader(envelope.payload, path: "payload")
            let token = reader.string("token", required: true, maximumBytes: TokenVerifier.maximumTokenBytes)
            let lastSeq = reader.integer("last_seq", in: 0...Int.max)
            try reader.finish()
            guard let token else { throw .invalid("payload.token", "The field is required.", .required) }
            await verify(token, lastSeq: lastSeq.map(Int64.init))
        } catch {
            connection.refuse(error, requestID: envelope.id, traceID: TraceContext.make().traceID)
            connection.release()
        }
    }

    private func verify(_ token: String, lastSeq: Int64?) async {
        do {
            let caller = try await connection.services.verify(token)
            connection.accept(caller, lastSeq: lastSeq, requestID: envelope.id)
        } catch {
            connection.refuseToken(error as? ChatError ?? .internalError(underlying: error), of: envelope)
        }
    }
}
