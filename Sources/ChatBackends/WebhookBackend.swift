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
        bounds: @escaping @Sendable (SessionType) -> ExchangeBounds
    ) {
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
        var bounds = bounds(notice.sessionType)
        bounds.whole = bounds.silence
        let call = Call(event: .sessionCreated, sessionType: notice.sessionType, bounds: bounds, traceparent: nil)
        return try await perform(call, body: notice.body(at: .now)) { reader in
            try BackendAnswer.capabilities(try await reader.json())
        }
    }

    public func streamAnswer(
        to request: AnswerRequest,
        handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws {
        let call = Call(
            event: request.event,
            sessionType: request.sessionType,
            bounds: bounds(request.sessionType),
            traceparent: request.traceparent
        )
        try await perform(call, body: request.body(at: .now)) { reader in
            try await reader.streamEvents(to: handle)
        }
    }

    private struct Call: Sendable {
        let event: WebhookEvent
        let sessionType: SessionType
        let bounds: ExchangeBounds
        let traceparent: String?
    }

    /// Makes one call, counts it, and turns its failure into the error of the port.
    private func perform<Answer: Sendable>(
        _ call: Call,
        body: [UInt8],
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        do {
            let answer = try await exchange(call, body: body, read: read)
            metrics.called(call.event, .success)
            return answer
        } catch {
            let outcome = BackendMetrics.Outcome(of: error)
            metrics.called(call.event, outcome)
            guard let failure = error as? BackendFailure else { throw error }
            logger.warning(
                "Backend call failed",
                metadata: [
                    "session_type_id": "\(call.sessionType.id)", "event": "\(call.event.rawValue)",
                    "outcome": "\(outcome.rawValue)", "error": "\(failure)",
                ]
            )
            throw failure.chatError
        }
    }

    private func exchange<Answer: Sendable>(
        _ call: Call,
        body: [UInt8],
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        let startedAt = NIODeadline.now()
        let request = try HTTPClient.Request(webhook: call.sessionType, body: body, traceparent: call.traceparent)
        let limit = min(call.bounds.silence, call.bounds.whole)
        try await limiter.acquire(call.sessionType, within: limit, from: startedAt, on: eventLoopGroup.any())
        let exchange = WebhookExchange(
            eventLoopGroup: eventLoopGroup,
            bounds: call.bounds,
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
