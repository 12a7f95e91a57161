internal import AsyncHTTPClient
public import ChatCore
public import Logging
public import NIOCore
internal import NIOHTTP1

/// Calls the webhook of a session type over HTTP (`contract/webhook.md`).
///
/// One instance serves a process: it pools connections, HTTP/2 where a backend offers it over TLS, and keeps each
/// session type within its `max_connections`. Redirects are not followed, answers not decompressed, proxies not used.
public final class WebhookBackend: Backend {
    private let configuration: WebhookConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let client: HTTPClient
    private let limiter: ConnectionLimiter
    private let metrics = BackendMetrics()
    private let logger: Logger
    private let bounds: @Sendable (SessionType) -> ExchangeBounds
    private let retries: RetryPolicy
    private let sleep: @Sendable (TimeAmount) async throws -> Void

    /// A backend on the event loops the process shares; see ``init(configuration:eventLoopGroup:logger:)``.
    public convenience init(configuration: WebhookConfiguration = WebhookConfiguration(), logger: Logger) {
        self.init(configuration: configuration, eventLoopGroup: HTTPClient.defaultEventLoopGroup, logger: logger)
    }

    /// The metrics system is to be bootstrapped before. ``shutdown()`` must be called before the instance is let go.
    public convenience init(
        configuration: WebhookConfiguration = WebhookConfiguration(),
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) {
        let connect = TimeAmount.milliseconds(Int64(configuration.connectTimeoutMilliseconds))
        self.init(configuration: configuration, eventLoopGroup: eventLoopGroup, logger: logger) { sessionType in
            ExchangeBounds(
                connect: connect,
                silence: .seconds(Int64(sessionType.timeoutSeconds)),
                whole: .seconds(Int64(sessionType.maxDurationSeconds))
            )
        }
    }

    init(
        configuration: WebhookConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        retries: RetryPolicy = RetryPolicy(),
        sleep: @escaping @Sendable (TimeAmount) async throws -> Void = { pause in
            try await Task.sleep(for: .nanoseconds(pause.nanoseconds))
        },
        bounds: @escaping @Sendable (SessionType) -> ExchangeBounds
    ) {
        self.retries = retries
        self.sleep = sleep
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.bounds = bounds
        limiter = ConnectionLimiter(maximumWaiting: configuration.maximumWaitingCalls)
        client = HTTPClient(
            eventLoopGroupProvider: .shared(eventLoopGroup),
            configuration: HTTPClient.Configuration(webhooks: configuration)
        )
    }

    /// Closes all connections; calls under way fail.
    public func shutdown() async throws {
        try await client.shutdown()
    }

    public func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability] {
        let call = Call(
            event: .sessionCreated,
            sessionType: notice.sessionType,
            url: notice.sessionType.webhookURL,
            body: notice.body(at: .now),
            traceparent: notice.traceparent
        )
        return try await withRetries(of: call) { reader in
            try BackendAnswer.capabilities(try await reader.json())
        }
    }

    public func checkHealth(of sessionType: SessionType, traceparent: String?) async throws -> BackendHealth {
        let call = Call(
            event: .healthCheck,
            sessionType: sessionType,
            url: sessionType.webhookURL,
            body: sessionType.healthCheckBody(at: .now),
            traceparent: traceparent
        )
        return try await withRetries(of: call) { reader in
            try BackendAnswer.health(try await reader.json())
        }
    }

    public func streamAnswer(
        to request: AnswerRequest,
        handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws {
        let call = Call(
            event: request.event,
            sessionType: request.sessionType,
            url: request.url,
            body: request.body(at: .now),
            traceparent: request.traceparent
        )
        do {
            try await attempt(call, within: bounds(request.sessionType)) { reader in
                try await reader.streamEvents(of: call.event, to: handle)
            }
        } catch let failure as BackendFailure {
            throw failure.chatError
        }
    }

    private struct Call: Sendable {
        let event: WebhookEvent
        let sessionType: SessionType
        let url: String
        let body: [UInt8]
        let traceparent: String?
        /// The same for all attempts, so that a backend can tell that it had the call before.
        let id = EntityID<Call>.make().description
    }

    /// Makes a call, again where the contract allows it, all within one `timeout_seconds`.
    private func withRetries<Answer: Sendable>(
        of call: Call,
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        let budget = bounds(call.sessionType).silence
        let deadline = NIODeadline.now() + budget
        var attempts = 0
        while true {
            var bounds = bounds(call.sessionType)
            bounds.silence = max(deadline - .now(), .zero)
            bounds.whole = bounds.silence
            do {
                attempts += 1
                return try await attempt(call, within: bounds, read: read)
            } catch var failure as BackendFailure {
                let left = deadline - .now()
                let jitter = Double.random(in: 0...1)
                if let pause = retries.pause(after: failure, attempt: attempts, remaining: left, jitter: jitter) {
                    try await sleep(pause)
                    continue
                }
                if case .timeout = failure.reason { failure.reason = .timeout(milliseconds: budget.milliseconds) }
                throw failure.chatError
            }
        }
    }

    /// Makes a call once and counts it.
    private func attempt<Answer: Sendable>(
        _ call: Call,
        within bounds: ExchangeBounds,
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        do {
            let answer = try await exchange(call, within: bounds, read: read)
            metrics.called(call.event, .success)
            return answer
        } catch {
            let outcome = BackendMetrics.Outcome(of: error)
            metrics.called(call.event, outcome)
            logger.debug(
                "Backend call failed",
                metadata: [
                    "session_type_id": "\(call.sessionType.id)", "event_type": "\(call.event.rawValue)",
                    "reason": "\(outcome.rawValue)", "error": "\(error)",
                ]
            )
            throw error
        }
    }

    private func exchange<Answer: Sendable>(
        _ call: Call,
        within bounds: ExchangeBounds,
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        let startedAt = NIODeadline.now()
        var headers = HTTPHeaders()
        if let traceparent = call.traceparent { headers.add(name: "traceparent", value: traceparent) }
        if let secret = call.sessionType.webhookSecret {
            let signature = WebhookSignature(secret: secret)
            headers.add(contentsOf: signature.headers(id: call.id, time: .now, body: call.body))
        }
        let request = try HTTPClient.Request(webhook: call.url, headers: headers, body: call.body)
        let limit = min(bounds.silence, bounds.whole)
        try await limiter.acquire(call.sessionType, within: limit, from: startedAt, on: eventLoopGroup.any())
        let exchange = WebhookExchange(
            eventLoopGroup: eventLoopGroup,
            bounds: bounds,
            startedAt: startedAt,
            readAheadBytes: configuration.readAheadBytes
        )
        var reader = AnswerReader(exchange, configuration: configuration, metrics: metrics, startedAt: startedAt)
        return try await withTaskCancellationHandler {
            exchange.start(request, with: client) { [limiter] in limiter.release(call.sessionType.id) }
            do {
                let answer = try await read(&reader)
                exchange.drain(
                    bytes: configuration.drainBytes,
                    within: .milliseconds(Int64(configuration.drainMilliseconds))
                )
                return answer
            } catch {
                exchange.abandon(error)
                await exchange.closed()
                throw error
            }
        } onCancel: {
            exchange.abandon(CancellationError())
        }
    }
}
