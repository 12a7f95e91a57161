import Logging
import NIOCore

/// Joins a channel with the state machines of its connection.
///
/// The end of a connection is reported once, as soon as it is decided: a server that is frozen cannot be waited for to
/// close.
final class RedisConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Outbound user event: leave the connection in good order.
    struct ShutDown: Sendable {}

    /// How a connection ended.
    struct Report: Sendable {
        /// Nil when this side left.
        var error: (any Error)?
        /// How long it was ready; nil when it never was.
        var lifetime: Duration?
    }

    private let configuration: RedisConfiguration
    private let traffic: any RedisTraffic
    private let report: EventLoopPromise<Report>
    private let logger: Logger
    private let onReady: @Sendable () -> Void
    private let reader: RedisReplyReader
    private var machine: ConnectionStateMachine
    private var liveness: LivenessStateMachine
    private var readyAt: NIODeadline?
    private var isReported = false
    private var timer: Scheduled<Void>?

    /// - Parameters:
    ///   - report: succeeded when the connection has ended, always.
    ///   - onReady: called once `traffic` has the connection.
    init(
        configuration: RedisConfiguration,
        role: RedisConnectionRole,
        traffic: any RedisTraffic,
        now: NIODeadline,
        report: EventLoopPromise<Report>,
        logger: Logger,
        onReady: @escaping @Sendable () -> Void
    ) throws(RedisConnectionError) {
        self.configuration = configuration
        self.traffic = traffic
        self.report = report
        self.logger = logger
        self.onReady = onReady
        self.reader = try RedisReplyReader(maximumReplyBytes: configuration.maximumReplyBytes)
        self.machine = ConnectionStateMachine(handshake: HandshakeStep.steps(for: configuration, role: role))
        self.liveness = LivenessStateMachine(
            now: now,
            connectTimeout: TimeAmount(configuration.connectTimeout),
            interval: TimeAmount(configuration.pingInterval),
            timeout: TimeAmount(configuration.pingTimeout)
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        checkLiveness(context)
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        let steps = machine.connected()
        do {
            for step in steps {
                context.write(wrapOutboundOut(try RedisCommand.encode(step.words)), promise: nil)
            }
            context.flush()
        } catch {
            end(context, because: error)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        liveness.heard(at: context.eventLoop.now)
        do {
            try buffer.withUnsafeReadableBytes { bytes throws(RedisConnectionError) in
                try reader.consume(bytes) { reply in
                    received(reply, context)
                }
            }
        } catch {
            end(context, because: error)
        }
    }

    private func received(_ reply: RedisReply, _ context: ChannelHandlerContext) {
        switch machine.received(reply) {
        case .none:
            break
        case .report(let step, let text):
            logger.record(
                .warning,
                "redis refused a step of the handshake",
                [.step: "\(step.name)", .error: "\(text)"]
            )
        case .becomeReady:
            readyAt = context.eventLoop.now
            liveness.becameReady(at: context.eventLoop.now)
            traffic.connected(context.channel)
            onReady()
        case .deliver(let reply):
            do {
                try traffic.received(reply)
            } catch {
                end(context, because: error)
            }
        case .fail(let error):
            end(context, because: error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if readyAt != nil, !isReported { traffic.readCompleted() }
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if readyAt != nil, !isReported { traffic.writabilityChanged() }
        context.fireChannelWritabilityChanged()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is ShutDown else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        switch machine.shutDown() {
        case .none:
            break
        case .quit:
            traffic.send(.quit)
            setTimer(context, at: context.eventLoop.now + TimeAmount(configuration.closeTimeout)) { handler, context in
                handler.end(context, because: nil)
            }
        case .close:
            end(context, because: nil)
        }
        promise?.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, because: error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, because: RedisConnectionError.closedByServer)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(context, because: RedisConnectionError.closedByServer)
    }

    private func end(_ context: ChannelHandlerContext, because error: (any Error)?) {
        guard !isReported else { return }
        isReported = true
        timer?.cancel()
        timer = nil
        var report = Report(error: error, lifetime: readyAt.map { Duration(context.eventLoop.now - $0) })
        if case .disconnect(let isExpected) = machine.closed() {
            if isExpected { report.error = nil }
            traffic.disconnected()
        }
        self.report.succeed(report)
        context.close(promise: nil)
    }

    private func checkLiveness(_ context: ChannelHandlerContext) {
        switch liveness.check(at: context.eventLoop.now) {
        case .wait(let time):
            setTimer(context, at: time) { $0.checkLiveness($1) }
        case .ping(let time):
            traffic.send(.ping)
            setTimer(context, at: time) { $0.checkLiveness($1) }
        case .close(let error):
            end(context, because: error)
        }
    }

    private func setTimer(
        _ context: ChannelHandlerContext,
        at time: NIODeadline,
        _ action: @escaping (RedisConnectionHandler, ChannelHandlerContext) -> Void
    ) {
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) {
            if !self.isReported { action(self, context) }
        }
    }
}
