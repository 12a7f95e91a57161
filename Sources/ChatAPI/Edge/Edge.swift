internal import ChatCore
internal import ChatRuntime
internal import Hummingbird
internal import Logging
internal import Metrics

/// What every request passes on its way in and every answer on its way out.
struct Edge: Sendable {
    /// Whom an operation is open to.
    enum Access: Sendable {
        /// Anybody with a token.
        case client
        /// Tokens with the administrator's scope.
        case administrator
    }

    let maximumBodyBytes: Int
    let repetitions: Repetitions
    private let verify: @Sendable (String) async throws -> Caller
    private let crossOrigin: CrossOrigin
    private let logger: Logger
    private let metricsFactory: any MetricsFactory

    init(services: RESTServices, settings: RESTSettings) {
        maximumBodyBytes = settings.maximumBodyBytes
        repetitions = Repetitions(
            answers: services.keptAnswers,
            timing: services.repetitionTiming,
            logger: services.logger
        )
        verify = services.verify
        crossOrigin = CrossOrigin(allowed: settings.allowedOrigins)
        logger = services.logger
        metricsFactory = services.metricsFactory
    }

    /// Makes the handles of a route's metrics, once for each method.
    func metrics(of method: String, on route: String) -> RouteMetrics {
        RouteMetrics(method: method, route: route, factory: metricsFactory)
    }

    /// Takes up the caller's trace, or begins one.
    func trace(of request: Request) -> TraceContext {
        TraceContext.continuing(traceparent: request.headers[.traceparent])
    }

    /// - Throws: ``ChatError`` `AUTH_REQUIRED` or `FORBIDDEN`.
    func authenticate(_ request: Request, for access: Access) async throws -> Caller {
        guard let header = request.headers[.authorization] else {
            throw ChatError(.authRequired, "A bearer token is required.")
        }
        guard let token = BearerToken.parse(authorizationHeader: header) else {
            throw ChatError(.authRequired, "The token is malformed.")
        }
        let caller = try await verify(token)
        if access == .administrator, !caller.isAdministrator {
            throw ChatError(.forbidden, "This needs the administrator's scope.")
        }
        return caller
    }

    /// The contract's answer to an error; our own faults are logged with their cause.
    func answer(to error: any Error, of request: Request, exchange: Exchange) -> Response {
        let error = ChatError(atEdge: error)
        if error.code.isFault {
            logger.log(
                level: error.code == .internalError ? .error : .warning,
                "Request failed",
                metadata: .keys([
                    .traceID: "\(exchange.trace.traceID)",
                    .route: "\(exchange.metrics.route)",
                    .errorCode: "\(error.code.rawValue)",
                    .error: "\(error)",
                ])
            )
        }
        return ErrorAnswer.response(to: error, of: request, traceID: exchange.trace.traceID)
    }

    /// Completes the answer's headers, counts the request and logs it.
    func finish(_ response: inout Response, to request: Request, exchange: Exchange, client: ClientID?) {
        // An answer that was given before bears the id of the request it was made for, as its body may.
        if !response.headers.contains(.requestID) {
            response.headers.append(HTTPHeader(name: .requestID, value: exchange.trace.traceID))
        }
        crossOrigin.complete(&response, to: request)
        let nanoseconds = exchange.elapsedNanoseconds
        let status = response.status.code
        exchange.metrics.record(status: status, nanoseconds: nanoseconds)
        logger.log(
            level: status < 400 ? .debug : .info,
            "Request answered",
            metadata: Self.metadata(exchange, status: status, nanoseconds: nanoseconds, client: client)
        )
    }

    /// The answer to `OPTIONS` on a path that exists.
    func preflight(_ request: Request, methods: String) -> Response {
        crossOrigin.preflight(request, methods: methods)
    }

    private static func metadata(
        _ exchange: Exchange,
        status: Int,
        nanoseconds: Int64,
        client: ClientID?
    ) -> Logger.Metadata {
        var metadata = Logger.Metadata.keys([
            .method: .string(exchange.metrics.method),
            .route: .string(exchange.metrics.route),
            .status: .stringConvertible(status),
            .durationMilliseconds: .stringConvertible(Double(nanoseconds / 1000) / 1000),
            .traceID: .string(exchange.trace.traceID),
        ])
        if let client { metadata[LogKey.clientID.rawValue] = .string(client.rawValue) }
        return metadata
    }
}

/// One request under way.
struct Exchange: Sendable {
    let trace: TraceContext
    let metrics: RouteMetrics
    private let began = ContinuousClock.now

    init(trace: TraceContext, metrics: RouteMetrics) {
        self.trace = trace
        self.metrics = metrics
    }

    var elapsedNanoseconds: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}
