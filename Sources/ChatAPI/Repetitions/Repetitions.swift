internal import ChatCore
internal import ChatRuntime
internal import FoundationEssentials
internal import Hummingbird
internal import Logging

/// Carries out a request with an `Idempotency-Key` once, however often and wherever it is sent within 24 h
/// (`contract/semantics.md`, 'Idempotency').
///
/// A repetition that comes while the first is being carried out waits for its answer. The right to carry out is a short
/// lease that is renewed meanwhile: a node that dies holds nobody up for longer than that.
struct Repetitions: Sendable {
    struct Timing: Sendable {
        var leaseSeconds = 15
        var renewalInterval: Duration = .seconds(5)
        /// How long a repetition waits for the answer to the first.
        var patience: Duration = .seconds(20)
        /// Between two looks; doubled each time, up to ``longestPause``.
        var firstPause: Duration = .milliseconds(50)
        var longestPause: Duration = .seconds(1)
    }

    let answers: any KeptAnswerStore
    let timing: Timing
    let logger: Logger

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
        let (request, body) = try await request.collectingBody()
        let repeatable = key.request(
            method: request.request.method.rawValue,
            address: request.request.uri.string,
            body: body.readableBytesView
        )
        let attempt = Attempt(key: key, request: repeatable, holder: UUID())
        switch try await claim(attempt) {
        case .claimed:
            return try await carryOut(attempt, request, perform)
        case .answered(let sealed):
            guard let answer = KeptAnswer(try key.open(sealed, of: repeatable)) else {
                throw ChatError(.internalError, "Something went wrong on our side.")
            }
            return answer.response
        case .keyReused:
            throw ChatError(.conflict, "This Idempotency-Key was given with another request.")
        case .running:
            throw ChatError(
                .conflict,
                "The first request with this Idempotency-Key is still being carried out.",
                retryAfterSeconds: 1
            )
        }
    }

    /// One arrival of a request.
    private struct Attempt: Sendable {
        let key: RepetitionKey
        let request: RepeatableRequest
        let holder: UUID
    }

    private func claim(_ attempt: Attempt) async throws -> AnswerClaim {
        let deadline = ContinuousClock.now + timing.patience
        var pause = timing.firstPause
        while true {
            let claim = try await answers.claim(
                attempt.request,
                by: attempt.holder,
                leaseSeconds: timing.leaseSeconds
            )
            guard claim == .running, ContinuousClock.now + pause < deadline else { return claim }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, timing.longestPause)
        }
    }

    private func carryOut(
        _ attempt: Attempt,
        _ request: APIRequest,
        _ perform: (APIRequest) async throws -> Response
    ) async throws -> Response {
        do {
            let response = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keepLease(of: attempt) }
                defer { group.cancelAll() }
                return try await perform(request)
            }
            await settle(attempt, response, requestID: request.trace.traceID)
            return response
        } catch {
            await settle(attempt, nil, requestID: request.trace.traceID)
            throw error
        }
    }

    private func keepLease(of attempt: Attempt) async {
        var isHeld = true
        while isHeld {
            do {
                try await Task.sleep(for: timing.renewalInterval)
                isHeld = try await answers.renewClaim(
                    on: attempt.request,
                    by: attempt.holder,
                    leaseSeconds: timing.leaseSeconds
                )
            } catch {
                // While the database is away there is nothing better than to try again.
                if Task.isCancelled { return }
            }
        }
    }

    /// Keeps the answer, or gives the request free where there is none to be kept. When that fails the client has its
    /// answer all the same; a repetition is then carried out anew once the lease is over.
    private func settle(_ attempt: Attempt, _ response: Response?, requestID: String) async {
        do {
            if let response, let answer = try await KeptAnswer(response, requestID: requestID) {
                let sealed = try attempt.key.seal(answer.bytes, to: attempt.request)
                if try await answers.keep(sealed, to: attempt.request, by: attempt.holder) { return }
                logger.warning("An answer came too late to be kept", metadata: .keys([.traceID: "\(requestID)"]))
            } else {
                try await answers.releaseClaim(on: attempt.request, by: attempt.holder)
            }
        } catch {
            logger.warning(
                "An answer could not be kept",
                metadata: .keys([.traceID: "\(requestID)", .error: "\(error)"])
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
            maximumBodyBytes: maximumBodyBytes
        )
        return (collected, body)
    }
}
