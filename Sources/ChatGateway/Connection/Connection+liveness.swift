import ChatCore
import ChatRuntime
import NIOCore
import Synchronization

extension Connection {
    func startPings() {
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
