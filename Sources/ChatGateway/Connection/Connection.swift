import ChatCore
import ChatRuntime
import CoreMetrics
import Logging
import NIOCore
import NIOWebSocket
import Synchronization

/// One client's WebSocket connection: takes its messages, and lets anybody send to it.
final class Connection: WebSocketEndpoint {
    let id = EntityID<Connection>.make()
    let outbound: OutboundQueue
    /// With what is given to the client and not yet taken.
    let patience: ClientPatience
    /// Whole answers are read and shown one after the other, each when the client has taken the one before.
    let snapshotTurns = Turns()
    let services: GatewayServices
    let legacyLane: LegacyLane
    let beginnings = BeginningOrder()
    private let channel: any Channel
    private let valve: InboundValve
    /// Who brought a token in the handshake; nobody when it comes as the first message.
    private let caller: Caller?
    private let lastSeq: Int64?
    private let state: Mutex<State>

    private struct State {
        var machine: ConnectionStateMachine
        /// The client it counts for in the registry.
        var claimedFor: ClientID?
        var attachment: PushAttachment?
        /// What is shown to it.
        var viewers: [ObjectIdentifier: ConnectionViewer] = [:]
        var isGone = false
        /// It was told that it is ready.
        var isReady = false
        /// What it is to be told then.
        var drainNotice: DrainNotice?
        /// What the client says waits until its token is checked and it was told that the connection is ready.
        var isHolding = false
        var held: [ByteBuffer] = []
        var tokenTimer: Scheduled<Void>?
        var pingTimer: RepeatedTask?
    }

    init(channel: any Channel, services: GatewayServices, caller: Caller?, lastSeq: Int64?) {
        self.channel = channel
        self.services = services
        self.caller = caller
        self.lastSeq = lastSeq
        self.valve = InboundValve(channel: channel)
        self.patience = ClientPatience(
            eventLoop: channel.eventLoop,
            span: .seconds(Int64(services.configuration.connections.slowConsumerSeconds))
        )
        self.outbound = OutboundQueue(channel: channel, valve: valve, patience: patience)
        self.legacyLane = LegacyLane(maximum: services.configuration.maximumConcurrentStreams)
        let machine = ConnectionStateMachine(
            maximumStreams: services.configuration.maximumConcurrentStreams,
            limits: services.configuration.connections,
            now: .now
        )
        self.state = Mutex(State(machine: machine))
        patience.whenLost { [weak self] in self?.closeSlowConsumer() }
    }

    var logger: Logger {
        var logger = services.logger
        logger[.connectionID] = .stringConvertible(id)
        if let caller = state.withLock({ $0.machine.caller }) { logger[.clientID] = .string(caller.clientID.rawValue) }
        return logger
    }

    // MARK: What the channel tells

    /// The handshake is done.
    func opened() {
        guard services.connections.add(self) == .admitted else {
            close(.overloaded, reason: "the node is full")
            return
        }
        services.metrics.connections.record(services.connections.count)
        // It came in just before the listener closed, and may have come too late to be told of the drain.
        guard !services.drain.isDraining else {
            close(.goingAway, reason: "the node goes away")
            return
        }
        startPings()
        if let caller {
            hold()
            accept(caller, lastSeq: lastSeq, requestID: nil)
        } else {
            let timeout = TimeAmount.seconds(Int64(services.configuration.connections.authenticationTimeoutSeconds))
            scheduleTokenExpiry(in: timeout, message: "No token came in time.")
        }
    }

    func heardOf() {
        state.withLock { $0.machine.frameArrived(now: .now) }
    }

    /// - Parameter isBinary: never; the decoder refuses such a message when it begins.
    func received(_ message: ByteBuffer, isBinary: Bool = false) {
        let action = state.withLock { state in
            guard state.isHolding else { return state.machine.messageArrived(now: .now) }
            state.held.append(message)
            return .none
        }
        switch action {
        case .take: break
        case .refuse: return refuseExcess(message)
        case .refuseAndClose:
            refuseExcess(message)
            return close(.tooManyRequests, reason: "too many messages")
        case .none: return
        }
        let envelope: ClientEnvelope
        do throws(EnvelopeError) {
            envelope = try ClientEnvelope(message.readableBytesView)
        } catch {
            refuse(error.error, requestID: error.requestID, traceID: TraceContext.make().traceID)
            return
        }
        if envelope.type == AuthOperation.type {
            if state.withLock({ $0.machine.isAwaitingToken }) { hold() }
            AuthOperation(connection: self, envelope: envelope).start()
        } else if let caller = state.withLock({ $0.machine.caller }) {
            ConnectionOperations.start(envelope, caller: caller, on: self)
        } else if state.withLock({ $0.machine.isAwaitingToken }) {
            fail(ChatError(.authRequired, "The first message has to be auth."), code: .unauthenticated)
        }
    }

    func peerCloses(_ code: UInt16?) {
        guard state.withLock({ $0.machine.close() }) else { return }
        outbound.finish(closePayload: ServerFrame.closePayload(answering: code))
    }

    /// The channel is gone; streams of this connection run on.
    func channelClosed() {
        let (attachment, client, viewers, timers) = state.withLock { state in
            _ = state.machine.close()
            state.isGone = true
            defer {
                state.attachment = nil
                state.claimedFor = nil
                state.viewers = [:]
                state.held = []
            }
            return (state.attachment, state.claimedFor, state.viewers.values, (state.tokenTimer, state.pingTimer))
        }
        timers.0?.cancel()
        timers.1?.cancel()
        attachment?.cancel()
        outbound.close()
        for viewer in viewers { viewer.leave() }
        services.connections.remove(self)
        if let client { services.connections.release(client) }
        services.metrics.connections.record(services.connections.count)
    }

    // MARK: Closing

    /// Sends a close frame after what is queued.
    func close(_ code: CloseCode, reason: String) {
        guard state.withLock({ $0.machine.close() }) else { return }
        logger.debug("Closing a connection", metadata: .keys([.closeCode: "\(code.rawValue)", .reason: "\(reason)"]))
        outbound.finish(closePayload: ServerFrame.closePayload(code, reason: reason))
        release()
    }

    /// Says why in a `connection.error`, then closes.
    func fail(_ error: ChatError, code: CloseCode) {
        guard state.withLock({ $0.machine.close() }) else { return }
        finish(error, code: code)
    }

    private func finish(_ error: ChatError, code: CloseCode) {
        let traceID = TraceContext.make().traceID
        logger.debug(
            "Closing a connection with an error",
            metadata: .keys([.closeCode: "\(code.rawValue)", .error: "\(error)", .traceID: "\(traceID)"])
        )
        outbound.send(text: ServerEnvelope.connectionError(error, traceID: traceID))
        outbound.finish(closePayload: ServerFrame.closePayload(code, reason: error.message))
        release()
    }

    // MARK: Holding

    /// Takes nothing more from the client until ``release()``; on the event loop. What was read already is kept.
    private func hold() {
        state.withLock { $0.isHolding = true }
        valve.shut(for: .unknownCaller)
    }

    /// Goes on with what the client said meanwhile, in order; does nothing when nothing is held.
    func release() {
        channel.eventLoop.execute {
            let held = self.state.withLock { state -> [ByteBuffer]? in
                guard state.isHolding else { return nil }
                state.isHolding = false
                defer { state.held = [] }
                return state.held
            }
            guard let held else { return }
            for message in held { self.received(message) }
            // One of them may have been another token.
            guard !self.state.withLock({ $0.isHolding }) else { return }
            self.valve.open(for: .unknownCaller)
        }
    }

    // MARK: Tokens

    /// A token was found good: the first makes the connection ready, a later one prolongs it.
    func accept(_ caller: Caller, lastSeq: Int64?, requestID: String?) {
        switch state.withLock({ $0.machine.tokenAccepted(caller) }) {
        case .none: return
        case .close(let code, let error): finish(error, code: code)
        case .refreshed:
            scheduleExpiry(of: caller)
            if let requestID {
                outbound.send(
                    text: ServerEnvelope.encode(.responseSuccess, ["request_id": .string(requestID), "result": [:]])
                )
            }
        case .makeReady:
            guard services.connections.claim(caller.clientID) == .admitted else {
                fail(
                    ChatError(.rateLimitExceeded, "The client has too many connections.", limitType: "connections"),
                    code: .tooManyRequests
                )
                return
            }
            let isClosing = state.withLock { state in
                if !state.machine.isClosing { state.claimedFor = caller.clientID }
                return state.machine.isClosing
            }
            // The channel may be gone by now: then nobody else would give the place back.
            if isClosing { return services.connections.release(caller.clientID) }
            scheduleExpiry(of: caller)
            Task { await self.attach(caller, lastSeq: lastSeq) }
        }
    }

    /// A token that came as a message was found bad, or could not be checked.
    func refuseToken(_ error: ChatError, of envelope: ClientEnvelope) {
        switch state.withLock({ $0.machine.tokenRefused(error.code) }) {
        case .none: return
        case .tell: refuse(error, of: envelope, trace: .make())
        case .close(let code): finish(error, code: code)
        }
    }

    private func scheduleExpiry(of caller: Caller) {
        let microseconds = caller.expiresAt.microsecondsSince1970
            .subtractingReportingOverflow(Timestamp.now.microsecondsSince1970)
        // A timer further away than this would overflow; the connection is renewed or gone long before.
        let farthest: Int64 = 86_400_000_000 * 365
        let delay = microseconds.overflow ? farthest : min(max(microseconds.partialValue, 0), farthest)
        scheduleTokenExpiry(in: .microseconds(delay + 1000), message: "The token has expired.")
    }

    private func scheduleTokenExpiry(in delay: TimeAmount, message: String) {
        let timer = channel.eventLoop.scheduleTask(in: delay) {
            guard self.state.withLock({ $0.machine.tokenExpired(now: .now) }) else { return }
            self.finish(ChatError(.authRequired, message), code: .unauthenticated)
        }
        let superfluous = state.withLock { state -> Scheduled<Void>? in
            guard !state.machine.isClosing else { return timer }
            defer { state.tokenTimer = timer }
            return state.tokenTimer
        }
        superfluous?.cancel()
    }

    // MARK: Push events

    private func attach(_ caller: Caller, lastSeq: Int64?) async {
        do {
            let attachment = try await services.push.attach(self, client: caller.clientID, after: lastSeq)
            let isClosed = state.withLock { state in
                if !state.machine.isClosing { state.attachment = attachment }
                return state.machine.isClosing
            }
            if isClosed { attachment.cancel() }
        } catch {
            let cause = error as? ChatError ?? .internalError(underlying: error)
            fail(cause, code: cause.code == .serviceUnavailable ? .overloaded : .internalError)
        }
    }

    /// The first envelope of a ready connection.
    func sendReady(lastSeq: Int64, client: ClientID) {
        let settings = services.configuration
        outbound.send(
            text: ServerEnvelope.encode(
                .connectionReady,
                [
                    "client_id": .string(client.rawValue),
                    "server_version": .string(Version.current),
                    "protocol_version": "2.0",
                    "capabilities": ["streaming", "push", "resume", "recreate", "summarize"],
                    "node_id": .string(services.node.name),
                    "connection_id": .string(id.description),
                    "last_seq": .integer(lastSeq),
                    "ping_interval_seconds": .integer(settings.connections.pingIntervalSeconds),
                    "max_payload_bytes": .integer(settings.connections.maximumPayloadBytes),
                    "max_concurrent_streams": .integer(settings.maximumConcurrentStreams),
                ]
            )
        )
        let drainNotice = state.withLock { state in
            state.isReady = true
            return state.drainNotice
        }
        if let drainNotice { outbound.send(text: drainNotice.envelope) }
        release()
    }

    // MARK: Operations

    /// Whether one more stream may be begun; if so, ``streamEnded()`` gives the place back.
    func reserveStream() -> Bool {
        state.withLock { $0.machine.streamRequested() } == .begin
    }

    func streamEnded() {
        state.withLock { $0.machine.streamEnded() }
    }

    /// Makes the viewer of a stream for which there was a place; it gives the place back with the end of the stream, and
    /// leaves the stream with the connection.
    func makeViewer(of message: MessageID, requestID: String, traceID: String) -> ConnectionViewer {
        let viewer = ConnectionViewer(
            connection: self,
            requestID: requestID,
            messageID: message,
            traceID: traceID
        )
        let isGone = state.withLock { state in
            if !state.isGone { state.viewers[ObjectIdentifier(viewer)] = viewer }
            return state.isGone
        }
        if isGone { viewer.leave() }
        return viewer
    }

    func viewerEnded(_ viewer: ConnectionViewer) {
        state.withLock { state in
            state.viewers[ObjectIdentifier(viewer)] = nil
            state.machine.streamEnded()
        }
    }

    /// What is given to the connection by one stream, or by push events, and not yet taken. A connection that does not take it
    /// is closed as a slow consumer.
    func makeFlow(
        pauseBytes: Int = StreamFlow.pauseBytes,
        onRoom: @escaping @Sendable () -> Void = {}
    ) -> StreamFlow {
        StreamFlow(eventLoop: channel.eventLoop, patience: patience, pauseBytes: pauseBytes, onRoom: onRoom)
    }

    private func closeSlowConsumer() {
        guard state.withLock({ $0.machine.close() }) else { return }
        services.metrics.slowConsumers.increment()
        logger.notice("Closing a connection that does not keep up", metadata: .keys([.closeCode: "4408"]))
        outbound.finishAtOnce(
            closePayload: ServerFrame.closePayload(.slowConsumer, reason: "the client does not keep up")
        )
    }

    /// Answers an operation that was refused; bad input counts towards the limit of what is borne.
    func refuse(_ error: ChatError, requestID: String?, traceID: String) {
        if error.code == .invalidRequest {
            services.metrics.badInputs.increment()
            switch state.withLock({ $0.machine.badInputArrived(now: .now) }) {
            case .answer: break
            case .none: return
            case .close(let code):
                outbound.send(text: ServerEnvelope.responseError(error, requestID: requestID, traceID: traceID))
                outbound.finish(closePayload: ServerFrame.closePayload(code, reason: "too much bad input"))
                return
            }
        }
        outbound.send(text: ServerEnvelope.responseError(error, requestID: requestID, traceID: traceID))
    }

    // MARK: Liveness

    private func startPings() {
        let interval = TimeAmount.seconds(Int64(services.configuration.connections.pingIntervalSeconds))
        let timer = channel.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let isGone = self.state.withLock { state in
                // A client that is behind may not have come to our pings yet; it has its own time.
                state.machine.isSilent(since: self.services.configuration.connections.pongTimeoutSeconds, now: .now)
                    && !self.patience.isTried
            }
            if isGone {
                self.channel.close(promise: nil)
            } else {
                self.outbound.sendPing()
            }
        }
        state.withLock { $0.pingTimer = timer }
    }

    // MARK: Drain

    /// Tells the client to go elsewhere; one that is not ready yet as soon as it is.
    func announceDrain(_ notice: DrainNotice) {
        let isReady = state.withLock { state in
            if !state.isReady { state.drainNotice = notice }
            return state.isReady
        }
        if isReady { outbound.send(text: notice.envelope) }
    }

    /// Whether something is still to come of streams on this node.
    var isShownStreams: Bool {
        state.withLock { !$0.machine.isClosing && $0.viewers.values.contains(where: \.isSeated) }
    }
}
