internal import Synchronization

/// One answer being generated on this node: the state machine, the task that does what it decides, and those who watch.
///
/// Whatever happens to the connection that asked for it, a stream runs on to its end, unless it was begun to be abandoned
/// with its viewers; ``stop()`` and ``interrupt()`` cut it short.
public final class RunningStream: Sendable {
    public let identity: StreamIdentity

    struct State {
        var machine = StreamStateMachine()
        var audience = StreamAudience()
        /// The end decided on, until it is written.
        var decided: StreamStateMachine.Ending?
        var backendTask: Task<Void, any Error>?
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Who wants a checkpoint while another is being saved.
        var savers: [CheckedContinuation<Void, Never>] = []
        /// Viewers on other nodes, whose requests wait for the next chunk.
        var fetchers: [Wakeup] = []
        var graceTask: Task<Void, Never>?
        var hasEnded = false

        /// Notes the end an input decided on. - Returns: whether it was this input that decided.
        mutating func decide(_ action: StreamStateMachine.EndAction) -> Bool {
            guard case .finish(let ending) = action else { return false }
            decided = ending
            return true
        }

        mutating func serve(_ number: Int) {
            let machine = machine
            audience.serve(number) { machine.content }
        }

        mutating func append(_ chunk: StreamChunk) {
            let machine = machine
            audience.append(chunk) { machine.content }
        }

        mutating func finish(_ outcome: StreamOutcome, state: Message.State?) {
            machine.written(state)
            let machine = machine
            audience.finish(outcome) { machine.content }
        }
    }

    private let request: AnswerRequest
    let services: StreamServices
    let store: any StreamStore
    private let graceSeconds: Int?
    let state = Mutex(State())
    /// Rings when somebody who watches can take more, or is gone.
    private let room = Wakeup()

    /// - Parameters:
    ///   - store: where it is written; `nil` for an answer, which is a message.
    ///   - graceSeconds: how long nobody may watch before it is abandoned; `nil` when it runs on all the same.
    public init(
        identity: StreamIdentity,
        request: AnswerRequest,
        services: StreamServices,
        store: (any StreamStore)? = nil,
        graceSeconds: Int? = nil
    ) {
        self.identity = identity
        self.request = request
        self.services = services
        self.store = store ?? AnswerStreamStore(messages: services.messages)
        self.graceSeconds = graceSeconds
    }

    /// Runs the answer to its end; returns when that is written and told to those who watch. Call it once.
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
        let (waiters, graceTask) = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return (state.waiters, state.graceTask)
        }
        graceTask?.cancel()
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
        _ = await waitForOutcome()
        return state.withLock { $0.machine.finalState }
    }

    /// Returns once the end is written.
    public func waitForOutcome() async -> StreamOutcome {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
        return state.withLock { $0.audience.outcome } ?? .takenOver
    }

    func cutShort(_ input: (inout StreamStateMachine) -> StreamStateMachine.EndAction) {
        let task = state.withLock { state in
            state.decide(input(&state.machine)) ? state.backendTask : nil
        }
        task?.cancel()
    }
}

// MARK: - Watching

extension RunningStream {
    /// Shows the stream to a viewer on this node: the chunks from number `next` on, or, when they are not held any more or
    /// `next` is `nil`, a snapshot of the answer so far and what comes after it; then the end. Returns at once.
    public func show(to viewer: any StreamViewer, from next: Int?) {
        let number = state.withLock { $0.audience.add(viewer, from: next) }
        viewer.seated(StreamSeat(stream: self, number: number))
        viewerHasRoom(number)
    }

    func viewerHasRoom(_ number: Int) {
        state.withLock { $0.audience.hasRoom(number) }
        serve(number)
        room.ring()
    }

    func viewerLeft(_ number: Int) {
        state.withLock { $0.audience.remove(number) }
        room.ring()
        awaitReturnOfViewers()
    }

    /// A viewer on another node has asked for more.
    func viewerMovedOn() { room.ring() }

    /// Returns when the viewers on other nodes have had the end, or at `deadline`.
    func untilFetched(within patience: Duration) async {
        let deadline = ContinuousClock.now + patience
        while let lapse = state.withLock({ $0.audience.nextLapse(now: .now) }), .now < deadline {
            await room.wait(until: min(lapse, deadline))
        }
    }

    /// Returns when a chunk after `index` is there, or the end, or at `deadline`.
    func waitForNews(after index: Int, until deadline: ContinuousClock.Instant) async {
        let wakeup = Wakeup()
        let isThere = state.withLock { state in
            if state.audience.window.endIndex > index || state.audience.outcome != nil { return true }
            state.fetchers.append(wakeup)
            return false
        }
        if !isThere { await wakeup.wait(until: deadline) }
        state.withLock { $0.fetchers.removeAll { $0 === wakeup } }
    }

    private func serve(_ number: Int) {
        state.withLock { $0.serve(number) }
    }

    private func waitForRoom() async {
        while !Task.isCancelled {
            let (mustPause, lapse) = state.withLock { state in
                (state.audience.mustPause(now: .now), state.audience.nextLapse(now: .now))
            }
            guard mustPause else { return }
            await room.wait(until: lapse)
        }
    }

    /// Abandons the stream when nobody comes back in time, if it was begun so.
    func awaitReturnOfViewers() {
        guard let graceSeconds else { return }
        state.withLock { state in
            guard state.graceTask == nil, !state.hasEnded, !state.audience.hasViewers else { return }
            state.graceTask = Task { await self.abandonUnlessWatched(within: .seconds(graceSeconds)) }
        }
    }

    private func abandonUnlessWatched(within grace: Duration) async {
        while !Task.isCancelled {
            let arrivals = state.withLock { $0.audience.arrivals }
            try? await services.sleep(grace)
            let isWatched = state.withLock { state in
                let isWatched = state.audience.hasViewers
                if isWatched { state.graceTask = nil }
                return isWatched
            }
            if isWatched { return }
            let isAlone = state.withLock { $0.audience.arrivals == arrivals && $0.audience.isEmpty(now: .now) }
            if isAlone { return cutShort { $0.abandoned() } }
        }
    }
}

// MARK: - Reading and writing

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
        let taken = state.withLock { state -> (index: Int, mustSave: Bool, mustPause: Bool, fetchers: [Wakeup])? in
            guard case .deliver(let index, let mustSave) = state.machine.chunkArrived(chunk) else { return nil }
            state.append(chunk)
            return (index, mustSave, state.audience.mustPause(now: .now), state.fetchers)
        }
        guard let taken else { return }
        for fetcher in taken.fetchers { fetcher.ring() }
        if taken.index == 0 { services.observer.firstChunkArrived(identity, after: .now - began) }
        services.observer.chunkForwarded(identity, bytes: chunk.content.utf8.count)
        if taken.mustSave { await saveCheckpoint() }
        if taken.mustPause { await waitForRoom() }
    }

    /// Writes the end, trying again for as long as the database is out of reach, and tells those who watch.
    ///
    /// An answer that the database refuses to hold is written as failed, without what may be in the way.
    private func write(_ decided: StreamStateMachine.Ending) async {
        var ending = decided
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
        var outcomeIsUnknown = false
        while true {
            do {
                let result = try await finish(end(as: ending), mayHaveBeenWritten: outcomeIsUnknown)
                services.observer.streamEnded(identity, state: result?.state, error: ending.error)
                finished(result.map { .ended($0, error: ending.error) } ?? .takenOver, state: result?.state)
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

    private func finished(_ outcome: StreamOutcome, state finalState: Message.State?) {
        let fetchers = state.withLock { state in
            state.finish(outcome, state: finalState)
            return state.fetchers
        }
        for fetcher in fetchers { fetcher.ring() }
    }

    private func end(as ending: StreamStateMachine.Ending) -> StreamEnd {
        StreamEnd(
            clientID: identity.clientID,
            messageID: identity.messageID,
            nodeID: services.node.id,
            state: ending.state,
            content: ending.content,
            chunks: ending.chunks,
            metadata: ending.metadata,
            traceparent: request.traceparent
        )
    }

    private func finish(_ end: StreamEnd, mayHaveBeenWritten: Bool) async throws -> StreamResult? {
        if let result = try await store.finish(end) { return result }
        guard mayHaveBeenWritten else { return nil }
        // The lease is gone: by our own commit, whose confirmation was lost, or by another node's.
        guard var result = try await store.result(of: end.messageID, client: end.clientID), result.state == end.state
        else { return nil }
        result.chunks = end.chunks
        return result
    }
}
