internal import Synchronization

/// One answer being generated on this node: the state machine, and the task that does what it decides.
///
/// Whatever happens to the connection that asked for it, a stream runs on to its end; only ``stop()`` and
/// ``interrupt()`` cut it short.
public final class RunningStream: Sendable {
    public let identity: StreamIdentity

    private struct State {
        var machine = StreamStateMachine()
        /// The end decided on, until it is written.
        var decided: StreamStateMachine.Ending?
        var backendTask: Task<Void, any Error>?
        var waiters: [CheckedContinuation<Void, Never>] = []
        var hasEnded = false

        /// Notes the end an input decided on. - Returns: whether it was this input that decided.
        mutating func decide(_ action: StreamStateMachine.EndAction) -> Bool {
            guard case .finish(let ending) = action else { return false }
            decided = ending
            return true
        }
    }

    private let request: AnswerRequest
    private let services: StreamServices
    private let sink: any StreamSink
    private let state = Mutex(State())

    public init(identity: StreamIdentity, request: AnswerRequest, services: StreamServices, sink: any StreamSink) {
        self.identity = identity
        self.request = request
        self.services = services
        self.sink = sink
    }

    /// Runs the answer to its end; returns when that is written and told to the sink. Call it once.
    ///
    /// Cancelling the calling task ends the stream as ``interrupt()`` does.
    public func run() async {
        services.observer.streamBegan(identity)
        let error = await withTaskCancellationHandler {
            await readFromBackend()
        } onCancel: {
            self.cutShort { $0.interrupted() }
        }
        let ending = state.withLock { state in
            _ = state.decide(state.machine.backendFailed(error ?? Self.brokenOff))
            return state.decided
        }
        if let ending { await write(ending) }
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// How it ends is decided, whether or not it is written yet.
    public var isEnding: Bool { state.withLock { $0.decided != nil } }

    /// Ends the stream as `stopped`, keeping what came so far, and returns how it ended: `stopped`, or another state when
    /// that end came first; `nil` when another node had taken the stream over. Returns after the end is written.
    public func stop() async -> Message.State? {
        cutShort { $0.stopRequested() }
        return await waitForEnd()
    }

    /// Ends the stream as `interrupted` because the node goes away; otherwise as ``stop()``.
    public func interrupt() async -> Message.State? {
        cutShort { $0.interrupted() }
        return await waitForEnd()
    }

    /// Returns how the stream ended once that is written; `nil` when another node had taken it over.
    public func waitForEnd() async -> Message.State? {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
        return state.withLock { $0.machine.finalState }
    }

    /// Saves what came since the last checkpoint. A stream that another node has taken over is cut off.
    public func saveCheckpoint() async {
        guard let (content, chunks) = state.withLock({ $0.machine.takeCheckpoint() }) else { return }
        let checkpoint = StreamCheckpoint(
            clientID: identity.clientID,
            messageID: identity.messageID,
            nodeID: services.node.id,
            content: content,
            chunks: chunks
        )
        do {
            if try await !services.messages.checkpoint(checkpoint) { cutShort { $0.interrupted() } }
        } catch {
            services.observer.backgroundWorkFailed("save a checkpoint", error: error)
        }
    }

    private func cutShort(_ input: (inout StreamStateMachine) -> StreamStateMachine.EndAction) {
        let task = state.withLock { state in
            state.decide(input(&state.machine)) ? state.backendTask : nil
        }
        task?.cancel()
    }
}

extension RunningStream {
    private static var brokenOff: ChatError { ChatError(.backendError, "The backend broke off its answer.") }

    /// Calls the backend and handles its answer to the end, unless the stream was stopped before. Returns what went wrong.
    private func readFromBackend() async -> ChatError? {
        let task = state.withLock { state -> Task<Void, any Error>? in
            guard state.machine.mayCallBackend else { return nil }
            let task = Task { try await self.readAnswer() }
            state.backendTask = task
            return task
        }
        switch await task?.result {
        case .failure(let error as ChatError): return error
        case .failure(let error): return ChatError(.backendError, "The backend failed.", underlyingError: error)
        case .success, nil: return nil
        }
    }

    private func readAnswer() async throws {
        let began = ContinuousClock.now
        try await services.backend.streamAnswer(to: request) { event in
            switch event {
            case .chunk(let chunk): await self.handle(chunk, began: began)
            case .complete(let metadata):
                self.state.withLock { _ = $0.decide($0.machine.backendCompleted(metadata: metadata)) }
            }
        }
    }

    private func handle(_ chunk: StreamChunk, began: ContinuousClock.Instant) async {
        guard case .deliver(let index, let saveNow) = state.withLock({ $0.machine.chunkArrived(chunk) }) else { return }
        if index == 0 { services.observer.firstChunkArrived(identity, after: .now - began) }
        services.observer.chunkForwarded(identity, bytes: chunk.content.utf8.count)
        await sink.deliver(chunk, index: index)
        if saveNow { await saveCheckpoint() }
    }

    /// Writes the end, trying again for as long as the database is out of reach, and tells the sink.
    ///
    /// An answer that the database refuses to hold is written as failed, without what may be in the way.
    private func write(_ decided: StreamStateMachine.Ending) async {
        var ending = decided
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
        var outcomeIsUnknown = false
        while true {
            do {
                let message = try await finish(end(as: ending), mayHaveBeenWritten: outcomeIsUnknown)
                state.withLock { $0.machine.written(message?.state) }
                services.observer.streamEnded(identity, state: message?.state, error: ending.error)
                if let message {
                    await sink.ended(message, ending: ending)
                } else {
                    await sink.takenOver()
                }
                return
            } catch {
                services.observer.backgroundWorkFailed("write the end of a stream", error: error)
                outcomeIsUnknown = outcomeIsUnknown || (error as? ChatError)?.underlyingError is UnknownOutcomeError
                if let error = error as? ChatError, error.code == .internalError { ending = ending.reduced(by: error) }
                let delay = backoff.next()
                // Not ended by cancellation: the end is what must not be lost. The process itself bounds the draining.
                await Task { try? await Task.sleep(for: delay) }.value
            }
        }
    }

    private func end(as ending: StreamStateMachine.Ending) -> StreamEnd {
        StreamEnd(
            clientID: identity.clientID,
            messageID: identity.messageID,
            nodeID: services.node.id,
            state: ending.state,
            content: ending.content,
            chunks: ending.chunks,
            metadata: ending.metadata
        )
    }

    private func finish(_ end: StreamEnd, mayHaveBeenWritten: Bool) async throws -> Message? {
        if let message = try await services.messages.finishStream(end) { return message }
        guard mayHaveBeenWritten else { return nil }
        // The lease is gone: by our own commit, whose confirmation was lost, or by another node's.
        let message = try await services.messages.message(end.messageID, of: end.clientID)
        return message?.state == end.state ? message : nil
    }
}
