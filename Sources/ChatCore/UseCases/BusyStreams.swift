/// Has requests wait for streams in their way, or gets those out of the way (`contract/semantics.md`, 'Concurrency').
public struct BusyStreams: Sendable {
    /// How often a stream in the way is stopped before the request is refused after all: others may be sending, too.
    private static let interruptAttempts = 3
    /// Between two looks at what is waited for, when nobody tells of it; each prolongs the place in the line.
    private static let patience: Duration = .seconds(1)
    /// How long whoever waits bears with a database that is away. The place may have lapsed by then; it stands where it
    /// stood.
    private static let outagePatience: Duration = .seconds(30)

    private let queue: any SendQueue
    private let bus: any SignalBus
    private let stopMessage: StopMessage
    private let mayWait: @Sendable () -> Bool

    /// - Parameter mayWait: `false` once the node goes away: requests that wait are refused then.
    public init(
        queue: any SendQueue,
        bus: any SignalBus,
        stopMessage: StopMessage,
        mayWait: @escaping @Sendable () -> Bool
    ) {
        self.queue = queue
        self.bus = bus
        self.stopMessage = stopMessage
        self.mayWait = mayWait
    }

    /// What stands in a request's way.
    enum Obstacle: Sendable {
        case none
        case stream(MessageID)
        /// It has this place in its line.
        case line(ticket: Int64)
    }

    /// Attempts to carry out a request, as it wishes, until nothing is in its way; the last outcome is returned.
    ///
    /// - Parameters:
    ///   - line: where it waits, if it waits.
    ///   - placed: called when it has a place there.
    ///   - attempt: carries it out unless something is in its way; told of its place when the request may wait.
    ///   - obstacle: reads from an outcome what is in the way.
    /// - Throws: what `attempt` throws; ``ChatError`` `SERVICE_UNAVAILABLE` when the node goes away meanwhile.
    func carryOut<Outcome: Sendable>(
        _ onBusy: StreamWishes.OnBusy,
        in line: WaitingLine,
        caller: Caller,
        placed: () -> Void,
        attempt: (WaitingPlace?) async throws -> Outcome,
        obstacle: (Outcome) -> Obstacle
    ) async throws -> Outcome {
        switch onBusy {
        case .refuse:
            return try await attempt(nil)
        case .interrupt:
            for _ in 0..<Self.interruptAttempts {
                let outcome = try await attempt(nil)
                guard case .stream(let id) = obstacle(outcome) else { return outcome }
                guard try await stop(id, caller: caller) else { return outcome }
            }
            return try await attempt(nil)
        case .enqueue:
            let outcome = try await attempt(.arriving(line))
            guard case .line(let ticket) = obstacle(outcome) else { return outcome }
            placed()
            return try await wait(in: line, ticket: ticket, attempt: attempt, obstacle: obstacle)
        }
    }

    /// `false` when the stream is not the caller's to stop.
    private func stop(_ id: MessageID, caller: Caller) async throws -> Bool {
        do {
            _ = try await stopMessage(id, caller: caller)
            return true
        } catch let error as ChatError where error.code == .messageNotFound {
            return false
        }
    }

    private func wait<Outcome: Sendable>(
        in line: WaitingLine,
        ticket: Int64,
        attempt: (WaitingPlace?) async throws -> Outcome,
        obstacle: (Outcome) -> Obstacle
    ) async throws -> Outcome {
        // What is waited for ends with an event for the owner of the session.
        let news = Wakeup()
        let subscription = await bus.subscribe(to: .events(of: line.clientID)) { _ in news.ring() }
        defer { subscription.cancel() }
        do {
            var lastAnswer = ContinuousClock.now
            while mayWait(), !Task.isCancelled {
                do {
                    let outcome = try await attempt(.waiting(line, ticket: ticket))
                    guard case .line = obstacle(outcome) else {
                        // An outcome that is no success leaves the place as it is.
                        try? await queue.leave(ticket, in: line)
                        return outcome
                    }
                    lastAnswer = .now
                } catch let error as ChatError
                    where error.code == .serviceUnavailable && lastAnswer + Self.outagePatience > .now
                {
                    // It is tried again: by its key it is carried out once, whatever became of this attempt.
                }
                await news.wait(until: .now + Self.patience)
            }
            throw ChatError(.serviceUnavailable, "This node is going away.", retryAfterSeconds: 1)
        } catch {
            try? await queue.leave(ticket, in: line)
            throw error
        }
    }
}
