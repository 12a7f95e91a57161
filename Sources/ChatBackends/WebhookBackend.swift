internal import AsyncHTTPClient
public import ChatCore
public import Logging
public import NIOCore

/// Calls the webhook of a session type over HTTP (`contract/webhook.md`).
///
/// One instance serves a process: it pools connections, HTTP/2 where a backend offers it over TLS, keeps each session
/// type within its `max_connections`, lets its circuit breaker decide whether it is called, and checks the addresses it
/// connects to. Redirects are not followed, answers not decompressed, proxies not used.
public final class WebhookBackend: Backend {
    let caller: WebhookCaller

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
        let surroundings = WebhookCaller.Surroundings(bounds: { sessionType in
            ExchangeBounds(
                connect: connect,
                silence: .seconds(Int64(sessionType.timeoutSeconds)),
                whole: .seconds(Int64(sessionType.maxDurationSeconds))
            )
        })
        self.init(
            configuration: configuration,
            eventLoopGroup: eventLoopGroup,
            logger: logger,
            surroundings: surroundings
        )
    }

    init(
        configuration: WebhookConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        surroundings: WebhookCaller.Surroundings
    ) {
        caller = WebhookCaller(
            configuration: configuration,
            eventLoopGroup: eventLoopGroup,
            logger: logger,
            surroundings: surroundings
        )
    }

    /// Closes all connections; calls under way fail.
    public func shutdown() async throws {
        await caller.shutdown()
    }

    public func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability] {
        let call = WebhookCall(
            event: .sessionCreated,
            sessionType: notice.sessionType,
            url: notice.sessionType.webhookURL,
            body: notice.body(at: .now),
            traceparent: notice.traceparent
        )
        return try await caller.callWithRetries(call) { reader in
            try BackendAnswer.capabilities(try await reader.json())
        }
    }

    public func checkHealth(of sessionType: SessionType, traceparent: String?) async throws -> BackendHealth {
        let call = WebhookCall(
            event: .healthCheck,
            sessionType: sessionType,
            url: sessionType.webhookURL,
            body: sessionType.healthCheckBody(at: .now),
            traceparent: traceparent
        )
        return try await caller.callWithRetries(call) { reader in
            try BackendAnswer.health(try await reader.json())
        } judge: { health in
            health.status == .unhealthy ? .uncounted : .success
        }
    }

    public func streamAnswer(
        to request: AnswerRequest,
        handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws {
        let call = WebhookCall(
            event: request.event,
            sessionType: request.sessionType,
            url: request.url,
            body: request.body(at: .now),
            traceparent: request.traceparent
        )
        try await caller.callOnce(call) { reader in
            try await reader.streamEvents(of: call.event, to: handle)
        }
    }
}
