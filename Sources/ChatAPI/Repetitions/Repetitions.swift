internal import ChatCore
internal import ChatRuntime
internal import Hummingbird
internal import Logging

/// Carries out a request with an `Idempotency-Key` once, and answers repetitions as it was answered first.
struct Repetitions: Sendable {
    typealias Timing = CarryOutOnce.Timing

    private let carryOutOnce: CarryOutOnce
    private let logger: Logger

    init(answers: any KeptAnswerStore, timing: Timing, logger: Logger) {
        carryOutOnce = CarryOutOnce(answers: answers, timing: timing)
        self.logger = logger
    }

    /// Performs the request, or gives the answer that it was given before.
    ///
    /// - Parameter perform: renders errors as answers; what it throws ends the connection.
    /// - Throws: ``ChatError``: `INVALID_REQUEST` for a malformed key, `CONFLICT` for a key that was given with another
    ///   request or whose request is still being carried out, `PAYLOAD_TOO_LARGE`, `SERVICE_UNAVAILABLE`; ``BrokenBody``.
    func respond(
        to request: APIRequest,
        perform: (APIRequest) async throws -> Response
    ) async throws -> Response {
        guard let text = request.request.headers[.idempotencyKey] else { return try await perform(request) }
        guard let key = RepetitionKey(text, clientID: request.caller.clientID) else {
            throw ChatError.invalid("Idempotency-Key", "1 to 255 visible ASCII characters are expected.", .malformed)
        }
        var (request, body) = try await request.collectingBody()
        let traceID = request.trace.traceID
        let repeatable = key.request(
            method: request.request.method.rawValue,
            address: request.request.uri.string,
            body: body.readableBytesView
        )
        let outcome = try await carryOutOnce(repeatable, sealedWith: key) { keyed in
            request.keyed = keyed
            return try await perform(request)
        } kept: { response in
            try await KeptAnswer(response, requestID: traceID)?.bytes
        } lost: { loss in
            logger.record(loss, traceID: traceID)
        }
        switch outcome {
        case .carriedOut(let response): return response
        case .answeredBefore(let bytes):
            guard let answer = KeptAnswer(bytes) else {
                throw ChatError(.internalError, "Something went wrong on our side.")
            }
            return answer.response
        case .keyReused: throw ChatError(.conflict, "This Idempotency-Key was given with another request.")
        case .stillRunning:
            throw ChatError(
                .conflict,
                "The first request with this Idempotency-Key is still being carried out.",
                retryAfterSeconds: 1
            )
        }
    }
}

extension APIRequest {
    /// The same request with its body in memory, and that body.
    fileprivate func collectingBody() async throws -> (APIRequest, ByteBuffer) {
        var whole = request
        var body = ByteBuffer()
        if try request.announcesBody(maximumBytes: maximumBodyBytes) {
            body = try await request.readBody(maximumBytes: maximumBodyBytes)
            whole.body = RequestBody(buffer: body)
        }
        let collected = APIRequest(
            request: whole,
            parameters: parameters,
            caller: caller,
            trace: trace,
            maximumBodyBytes: maximumBodyBytes,
            channel: channel
        )
        return (collected, body)
    }
}
