internal import AsyncHTTPClient
internal import ChatCore
internal import Logging
internal import Metrics
internal import NIOCore
internal import NIOHTTP1

/// Makes calls to backends: within the circuit breaker, the connection limit, the addresses and the times that hold for
/// them, signed, counted, and again where the contract allows it.
final class WebhookCaller: Sendable {
    /// What a test puts something of its own in place of.
    struct Surroundings: Sendable {
        var retries = RetryPolicy()
        var metrics: any MetricsFactory = MetricsSystem.factory
        var lookUp: AddressBook.Lookup = NameService.lookUp
        /// The time as circuit breakers see it.
        var now: @Sendable () -> NIODeadline = { .now() }
        var sleep: @Sendable (TimeAmount) async throws -> Void = { pause in
            try await Task.sleep(for: .nanoseconds(pause.nanoseconds))
        }
        var bounds: @Sendable (SessionType) -> ExchangeBounds
        var adjustClient: @Sendable (inout HTTPClient.Configuration) -> Void = { _ in }
    }

    private let configuration: WebhookConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    private let surroundings: Surroundings
    private let metrics: BackendMetrics
    private let circuits: CircuitBreakers
    private let limiter: ConnectionLimiter
    private let addresses: AddressBook
    private let clients: ClientPool

    init(
        configuration: WebhookConfiguration,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        surroundings: Surroundings
    ) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.surroundings = surroundings
        metrics = BackendMetrics(factory: surroundings.metrics)
        circuits = CircuitBreakers(factory: surroundings.metrics, logger: logger, now: surroundings.now)
        limiter = ConnectionLimiter(maximumWaiting: configuration.maximumWaitingCalls)
        addresses = AddressBook(
            allowsPrivate: configuration.allowsPrivateAddresses,
            lifetime: .milliseconds(Int64(configuration.addressLifetimeMilliseconds)),
            lookup: surroundings.lookUp
        )
        clients = ClientPool(eventLoopGroup: eventLoopGroup, keepUnused: .minutes(1)) { purpose, eventLoop in
            var client = HTTPClient.Configuration(webhooks: configuration, for: purpose)
            surroundings.adjustClient(&client)
            return HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: client)
        }
    }

    /// Closes all connections; calls under way fail.
    func shutdown() async {
        await clients.shutdown()
    }

    /// Makes a call once.
    ///
    /// - Throws: ``ChatError``, `CancellationError`, or what `read` throws.
    func callOnce<Answer: Sendable>(
        _ call: WebhookCall,
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        do {
            let bounds = surroundings.bounds(call.sessionType)
            return try await attempt(call, within: bounds, read: read, judge: { _ in .success })
        } catch let failure as BackendFailure {
            throw failure.chatError
        }
    }

    /// Makes a call once, all of it within one `timeout_seconds`.
    ///
    /// - Throws: ``BackendFailure``, `CancellationError`, or what `read` throws.
    func callBriefly<Answer: Sendable>(
        _ call: WebhookCall,
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        var bounds = surroundings.bounds(call.sessionType)
        bounds.whole = min(bounds.whole, bounds.silence)
        return try await attempt(call, within: bounds, read: read, judge: { _ in .success })
    }

    /// Makes a call, again where the contract allows it, all within one `timeout_seconds`.
    ///
    /// - Parameter judge: what an answer tells the circuit breaker.
    /// - Throws: as ``callOnce(_:read:)``.
    func callWithRetries<Answer: Sendable>(
        _ call: WebhookCall,
        read: (inout AnswerReader) async throws -> Answer,
        judge: (Answer) -> CircuitBreaker.Outcome = { _ in .success }
    ) async throws -> Answer {
        let budget = surroundings.bounds(call.sessionType).silence
        let deadline = NIODeadline.now() + budget
        var attempts = 0
        while true {
            var bounds = surroundings.bounds(call.sessionType)
            bounds.silence = max(deadline - .now(), .zero)
            bounds.whole = bounds.silence
            do {
                attempts += 1
                return try await attempt(call, within: bounds, read: read, judge: judge)
            } catch var failure as BackendFailure {
                let pause = surroundings.retries.pause(
                    after: failure,
                    attempt: attempts,
                    remaining: deadline - .now(),
                    jitter: Double.random(in: 0...1)
                )
                if let pause {
                    try await surroundings.sleep(pause)
                    continue
                }
                failure.exceeded(budget)
                throw failure.chatError
            }
        }
    }

    /// Makes a call once and counts it.
    private func attempt<Answer: Sendable>(
        _ call: WebhookCall,
        within bounds: ExchangeBounds,
        read: (inout AnswerReader) async throws -> Answer,
        judge: (Answer) -> CircuitBreaker.Outcome
    ) async throws -> Answer {
        do {
            let answer = try await admitted(call, within: bounds, read: read, judge: judge)
            metrics.called(call.event, .success)
            return answer
        } catch {
            let outcome = BackendMetrics.Outcome(of: error)
            metrics.called(call.event, outcome)
            let metadata: Logger.Metadata = [
                "session_type_id": "\(call.sessionType.id)", "event_type": "\(call.event.rawValue)",
                "reason": "\(outcome.rawValue)", "error": "\(error)",
            ]
            if outcome == .refusedAddress {
                logger.warning("A backend has an address that is refused", metadata: metadata)
            } else {
                logger.debug("Backend call failed", metadata: metadata)
            }
            throw error
        }
    }

    /// Makes a call if the circuit lets it through, when a connection is free for it.
    private func admitted<Answer: Sendable>(
        _ call: WebhookCall,
        within bounds: ExchangeBounds,
        read: (inout AnswerReader) async throws -> Answer,
        judge: (Answer) -> CircuitBreaker.Outcome
    ) async throws -> Answer {
        let startedAt = NIODeadline.now()
        let request = try HTTPClient.Request(webhook: call.url, headers: headers(of: call), body: call.body)
        try circuits.check(call)
        try await limiter.acquire(
            call.sessionType,
            within: min(bounds.silence, bounds.whole),
            from: startedAt,
            on: eventLoopGroup.any()
        )
        do {
            let pass = try circuits.admit(call)
            do {
                let answer = try await exchange(
                    request,
                    of: call,
                    within: bounds,
                    from: startedAt,
                    hasBegun: { [circuits] in circuits.answered(pass) },
                    read: read
                )
                circuits.ended(pass, judge(answer))
                return answer
            } catch {
                circuits.ended(pass, CircuitBreaker.Outcome(of: error))
                throw error
            }
        } catch {
            limiter.release(call.sessionType.id)
            throw error
        }
    }

    private func headers(of call: WebhookCall) -> HTTPHeaders {
        var headers = HTTPHeaders()
        if let traceparent = call.traceparent { headers.add(name: "traceparent", value: traceparent) }
        if let secret = call.sessionType.webhookSecret {
            let signature = WebhookSignature(secret: secret)
            headers.add(contentsOf: signature.headers(id: call.id, time: .now, body: call.body))
        }
        return headers
    }

    /// Makes a call at the first address of its host that can be reached. A request that may have been seen is not sent
    /// to another one.
    private func exchange<Answer: Sendable>(
        _ request: HTTPClient.Request,
        of call: WebhookCall,
        within bounds: ExchangeBounds,
        from startedAt: NIODeadline,
        hasBegun: @escaping () -> Void,
        read: (inout AnswerReader) async throws -> Answer
    ) async throws -> Answer {
        let limit = min(bounds.silence, bounds.whole)
        let places = try await addresses.addresses(
            of: request.host,
            until: startedAt + limit,
            bound: limit,
            on: eventLoopGroup.any()
        )
        var lastFailure = BackendFailure(.timeout(milliseconds: limit.milliseconds), "The call had no time left")
        var untried = places[...]
        while let address = untried.first, NIODeadline.now() < startedAt + limit {
            let purpose = ClientPool.Purpose(
                sessionTypeID: call.sessionType.id,
                host: request.host,
                address: address.ipAddress ?? request.host,
                hasAlternatives: places.count > 1
            )
            let lease = try clients.take(purpose)
            let exchange = WebhookExchange(
                eventLoop: lease.eventLoop,
                bounds: bounds,
                startedAt: startedAt,
                readAheadBytes: configuration.readAheadBytes
            )
            var reader = AnswerReader(
                exchange,
                configuration: configuration,
                metrics: metrics,
                startedAt: startedAt,
                hasBegun: hasBegun
            )
            do {
                return try await run(exchange, request, of: call, with: lease) { try await read(&reader) }
            } catch let failure as BackendFailure where !failure.wasSent {
                lastFailure = failure
                // Its connections have as many streams as it allows: there is another client now.
                if case .overloaded = failure.reason { continue }
                addresses.couldNotReach(address)
                untried.removeFirst()
            }
        }
        throw lastFailure
    }

    /// Runs one exchange; its connection is free again, or about to be, when this returns, and closed when it throws.
    private func run<Answer: Sendable>(
        _ exchange: WebhookExchange,
        _ request: HTTPClient.Request,
        of call: WebhookCall,
        with lease: ClientPool.Lease,
        read: () async throws -> Answer
    ) async throws -> Answer {
        try await withTaskCancellationHandler {
            exchange.start(request, with: lease.client)
            do {
                let answer = try await read()
                exchange.drain(
                    bytes: configuration.drainBytes,
                    within: .milliseconds(Int64(configuration.drainMilliseconds))
                )
                exchange.whenClosed { [clients, limiter] in
                    clients.giveBack(lease)
                    limiter.release(call.sessionType.id)
                }
                return answer
            } catch {
                exchange.abandon(error)
                await exchange.closed()
                defer { clients.giveBack(lease) }
                guard var failure = error as? BackendFailure else { throw error }
                failure.wasSent = exchange.wasSent
                if !failure.wasSent, failure.isForWantOfTime { clients.retire(lease) }
                throw failure
            }
        } onCancel: {
            exchange.abandon(CancellationError())
        }
    }
}

extension BackendFailure {
    /// A call that was made several times exceeded what holds for them all.
    fileprivate mutating func exceeded(_ budget: TimeAmount) {
        switch reason {
        case .timeout: reason = .timeout(milliseconds: budget.milliseconds)
        case .overloaded(_?): reason = .overloaded(milliseconds: budget.milliseconds)
        default: break
        }
    }
}

extension CircuitBreaker.Outcome {
    /// What a failed call tells of its backend; see ``CircuitBreaker``.
    init(of error: any Error) {
        switch (error as? BackendFailure)?.reason {
        case .connection, .brokenOff, .malformed, .incomplete: self = .failure
        case .timeout: self = (error as? BackendFailure)?.isBackendsFault == true ? .failure : .uncounted
        case .status(let code): self = code >= 500 ? .failure : .uncounted
        case .reported, .overloaded, .refusedAddress, .circuitOpen, nil: self = .uncounted
        }
    }
}
