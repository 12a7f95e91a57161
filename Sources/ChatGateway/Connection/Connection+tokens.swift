import ChatCore
import ChatRuntime
import NIOCore
import Synchronization

extension Connection {
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

    func scheduleTokenExpiry(in delay: TimeAmount, message: String) {
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

    /// Takes nothing more from the client until ``release()``; on the event loop. What was read already is kept.
    func hold() {
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
}
