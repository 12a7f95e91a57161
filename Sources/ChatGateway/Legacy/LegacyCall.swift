import ChatCore
import ChatRuntime
import Logging

/// One envelope of the first protocol: answered by the operation that serves REST, with REST's body.
struct LegacyCall: Sendable {
    let connection: Connection
    let envelope: ClientEnvelope
    let operation: LegacyOperation
    let caller: Caller
    let trace: TraceContext

    /// Begins the operation the envelope names; `false`, and nothing done, when it names none of the first protocol.
    static func start(_ envelope: ClientEnvelope, caller: Caller, on connection: Connection) -> Bool {
        guard let operation = LegacyOperation(rawValue: envelope.type) else { return false }
        LegacyCall(
            connection: connection,
            envelope: envelope,
            operation: operation,
            caller: caller,
            trace: .make()
        ).start()
        return true
    }

    private var services: LegacyServices { connection.services.legacy }

    private var phase: MigrationPhase {
        MigrationPhase(number: connection.services.configuration.migrationPhase)
    }

    private func start() {
        guard phase.serves(operation) else {
            services.metrics.count(operation, .refused)
            // Not bad input: an old client knows no better, and is to learn from the message and not be cut off.
            sendError(phase.refusal(of: operation))
            return
        }
        guard connection.services.running.began(unless: connection.services.drain) else {
            refuse(.goingAway)
            return
        }
        begin()
    }

    /// Begins an operation that was counted as running, or refuses it and counts it as ended.
    private func begin() {
        let work: LegacyOperation.Work
        do throws(ChatError) {
            work = try operation.work(on: envelope.payload, with: services.operations)
        } catch {
            connection.services.running.ended()
            refuse(error.moved(under: "payload"))
            return
        }
        guard connection.legacyLane.begin() else {
            connection.services.running.ended()
            refuse(
                ChatError(.rateLimitExceeded, "Too many operations run on this connection.", limitType: "concurrent")
            )
            return
        }
        Task {
            await deliver(await answer(work))
            connection.legacyLane.ended()
            connection.services.running.ended()
        }
    }

    private func answer(_ work: LegacyOperation.Work) async -> LegacyAnswer {
        guard operation.kind == .write else { return await perform(work) }
        do {
            return try await performOnce(work)
        } catch {
            return .failure(error as? ChatError ?? .internalError(underlying: error))
        }
    }

    private func perform(_ work: LegacyOperation.Work, keyed: KeyedRequest? = nil) async -> LegacyAnswer {
        do {
            return .result(try await work(caller, keyed).body)
        } catch {
            let error = error as? ChatError ?? .internalError(underlying: error)
            return .failure(error.moved(under: "payload"))
        }
    }

    /// The envelope's id is its idempotency key, as `Idempotency-Key` is REST's.
    private func performOnce(_ work: LegacyOperation.Work) async throws -> LegacyAnswer {
        guard let key = services.sealingKey(envelope.id, caller.clientID) else {
            throw ChatError.invalid("id", "A UUID is expected.", .malformed)
        }
        let request = key.request(
            method: "WEBSOCKET",
            address: operation.rawValue,
            body: envelope.payload.canonicalBytes
        )
        let outcome = try await services.carryOutOnce(request, sealedWith: key) { keyed in
            await perform(work, keyed: keyed)
        } kept: { answer in
            answer.kept(traceID: trace.traceID)
        } lost: { loss in
            connection.logger.record(loss, traceID: trace.traceID)
        }
        switch outcome {
        case .carriedOut(let answer): return answer
        case .answeredBefore(let bytes):
            if let answer = LegacyAnswer(kept: bytes) { return answer }
            throw ChatError(.internalError, "Something went wrong on our side.")
        case .keyReused: throw ChatError(.conflict, "This id was used for another request.")
        case .stillRunning:
            throw ChatError(
                .conflict,
                "The first request with this id is still being carried out.",
                retryAfterSeconds: 1
            )
        }
    }

    private func deliver(_ answer: LegacyAnswer) async {
        switch answer {
        case .result(let body):
            services.metrics.count(operation, .answered)
            let text = ServerEnvelope.legacySuccess(
                requestID: envelope.id,
                result: body,
                operation: operation,
                phase: phase
            )
            await connection.legacyLane.send(
                text,
                over: { connection.makeFlow() },
                write: { connection.outbound.send(text: $0, flow: $1) }
            )
        case .failure(let error): refuse(error)
        case .failedBefore(let shape):
            services.metrics.count(operation, .failed)
            connection.outbound.send(text: ServerEnvelope.legacyError(requestID: envelope.id, shape: shape))
        }
    }

    private func refuse(_ error: ChatError) {
        services.metrics.count(operation, .failed)
        if error.code.isFault {
            connection.logger.log(
                level: error.code == .internalError ? .error : .warning,
                "An operation failed",
                metadata: .keys([
                    .operation: "\(operation.rawValue)", .errorCode: "\(error.code.rawValue)", .error: "\(error)",
                    .traceID: "\(trace.traceID)",
                ])
            )
        }
        connection.refuse(error, requestID: envelope.id, traceID: trace.traceID)
    }

    private func sendError(_ error: ChatError) {
        connection.outbound.send(
            text: ServerEnvelope.responseError(error, requestID: envelope.id, traceID: trace.traceID)
        )
    }
}
