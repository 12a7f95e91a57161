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
    let channel: any Channel
    let valve: InboundValve
    /// Who brought a token in the handshake; nobody when it comes as the first message.
    private let caller: Caller?
    private let lastSeq: Int64?
    let state: Mutex<State>

    struct State {
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

    func finish(_ error: ChatError, code: CloseCode) {
        let traceID = TraceContext.make().traceID
        logger.debug(
            "Closing a connection with an error",
            metadata: .keys([.closeCode: "\(code.rawValue)", .error: "\(error)", .traceID: "\(traceID)"])
        )
        outbound.send(text: ServerEnvelope.connectionError(error, traceID: traceID))
        outbound.finish(closePayload: ServerFrame.closePayload(code, reason: error.message))
        release()
    }

}
