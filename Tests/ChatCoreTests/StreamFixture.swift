import Synchronization
import TestFakes

@testable import ChatCore

/// A stream with a scripted backend, a store and a viewer that remember.
struct StreamFixture {
    let backend: ScriptedBackend
    let store = RememberingStore()
    let viewer = RememberingViewer()
    let time = PassableTime()
    let stream: RunningStream

    /// - Parameter isWatched: whether the viewer watches from the beginning.
    init(script: ScriptedBackend.Script, isWatched: Bool = true, graceSeconds: Int? = nil) {
        backend = ScriptedBackend(script: script)
        let session = SessionID.make()
        let message = MessageID.make()
        let type = SessionType(id: .make(), name: "test", webhookURL: "http://backend.test/")
        let services = StreamServices(
            node: Node(id: .make(), name: "node", role: .gateway),
            backend: backend,
            messages: store,
            registry: StreamRegistry(),
            observer: SilentObserver(),
            sleep: time.sleep
        )
        stream = RunningStream(
            identity: StreamIdentity(
                clientID: .test,
                sessionID: session,
                sessionTypeID: type.id,
                messageID: message
            ),
            request: AnswerRequest(
                kind: .new(messageID: .make(), content: [.text("hi")], fileURLs: []),
                sessionType: type,
                sessionID: session,
                responseMessageID: message,
                sessionMetadata: [:],
                enabledCapabilities: [],
                history: []
            ),
            services: services,
            graceSeconds: graceSeconds
        )
        if isWatched { stream.show(to: viewer, from: 0) }
    }
}

/// A time that passes when the test says so.
final class PassableTime: Sendable {
    private let sleepers = Mutex<[CheckedContinuation<Void, Never>]>([])
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    init() {
        (arrivals, arrival) = AsyncStream.makeStream()
    }

    var sleep: @Sendable (Duration) async throws -> Void {
        { _ in
            await withCheckedContinuation { continuation in
                self.sleepers.withLock { $0.append(continuation) }
                self.arrival.yield()
            }
        }
    }

    /// Returns when somebody sleeps.
    func untilSomebodySleeps() async {
        for await _ in arrivals { return }
    }

    /// Wakes everybody.
    func pass() {
        let sleepers = sleepers.withLock { sleepers in
            defer { sleepers = [] }
            return sleepers
        }
        for sleeper in sleepers { sleeper.resume() }
    }
}

extension ClientID {
    static var test: ClientID { ClientID("test") ?? .test }
}

final class ScriptedBackend: Backend {
    enum Script: Sendable {
        case chunks([String], thenComplete: Bool)
        case chunksThenHang([String])
        case fails(ChatError)
    }

    private struct State {
        var calls = 0
        var sent = 0
        var wasCancelled = false
    }

    private let script: Script
    private let state = Mutex(State())

    init(script: Script) {
        self.script = script
    }

    var calls: Int { state.withLock { $0.calls } }
    /// How many chunks it has begun to hand over.
    var sent: Int { state.withLock { $0.sent } }
    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability] { [] }

    func checkHealth(of sessionType: SessionType, traceparent: String?) async throws -> BackendHealth {
        BackendHealth(status: .healthy, version: nil, capabilities: [])
    }

    func streamAnswer(to request: AnswerRequest, handle: @Sendable (BackendEvent) async throws -> Void) async throws {
        state.withLock { $0.calls += 1 }
        func send(_ texts: [String]) async throws {
            for text in texts {
                state.withLock { $0.sent += 1 }
                try await handle(.chunk(StreamChunk(kind: .text, content: text, json: text)))
            }
        }
        switch script {
        case .chunks(let texts, let completes):
            try await send(texts)
            if completes { try await handle(.complete(metadata: [:])) }
        case .chunksThenHang(let texts):
            try await send(texts)
            do {
                try await Task.sleep(for: .seconds(3600))
            } catch {
                state.withLock { $0.wasCancelled = true }
                throw error
            }
        case .fails(let error):
            throw error
        }
    }
}

final class RememberingStore: MessageStore {
    private struct State {
        var ends: [StreamEnd] = []
        var failures = 0
        var refusals = 0
        var losesConfirmation = false
        var isTakenOver = false
        var checkpoints: [StreamCheckpoint] = []
        var checkpointFailures = 0
        var checkpointGate: CheckedContinuation<Void, Never>?
        var holdsCheckpoints = false
        var checkpointsUnderWay = 0
        var mostCheckpointsUnderWay = 0
    }

    private struct OutOfReach: Error {}

    private let state = Mutex(State())

    var ends: [StreamEnd] { state.withLock { $0.ends } }
    var failures: Int {
        get { state.withLock { $0.failures } }
        set { state.withLock { $0.failures = newValue } }
    }
    /// How often an end is refused for what it holds.
    var refusals: Int {
        get { state.withLock { $0.refusals } }
        set { state.withLock { $0.refusals = newValue } }
    }
    var losesConfirmation: Bool {
        get { state.withLock { $0.losesConfirmation } }
        set { state.withLock { $0.losesConfirmation = newValue } }
    }
    var isTakenOver: Bool {
        get { state.withLock { $0.isTakenOver } }
        set { state.withLock { $0.isTakenOver = newValue } }
    }

    func messages(_ query: MessageQuery) async throws -> Page<Message>? { nil }

    func message(_ id: MessageID, of client: ClientID) async throws -> Message? {
        state.withLock { $0.ends.last.map(Self.message) }
    }

    func beginExchange(_ exchange: NewExchange) async throws -> ExchangeOutcome { .sessionNotFound }

    /// What was saved, in the order it was.
    var checkpoints: [StreamCheckpoint] { state.withLock { $0.checkpoints } }
    var lastCheckpoint: StreamCheckpoint? { checkpoints.last }
    /// How often a checkpoint cannot be saved.
    var checkpointFailures: Int {
        get { state.withLock { $0.checkpointFailures } }
        set { state.withLock { $0.checkpointFailures = newValue } }
    }
    var mostCheckpointsUnderWay: Int { state.withLock { $0.mostCheckpointsUnderWay } }

    /// The next checkpoint is saved only once ``letCheckpointGo()`` was called.
    func holdNextCheckpoint() { state.withLock { $0.holdsCheckpoints = true } }
    var isHoldingACheckpoint: Bool { state.withLock { $0.checkpointGate != nil } }
    func letCheckpointGo() {
        let gate = state.withLock { state in
            defer { state.checkpointGate = nil }
            return state.checkpointGate
        }
        gate?.resume()
    }

    func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool {
        state.withLock { state in
            state.checkpointsUnderWay += 1
            state.mostCheckpointsUnderWay = max(state.mostCheckpointsUnderWay, state.checkpointsUnderWay)
        }
        defer { state.withLock { $0.checkpointsUnderWay -= 1 } }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                defer { state.holdsCheckpoints = false }
                if state.holdsCheckpoints { state.checkpointGate = continuation }
                return state.holdsCheckpoints
            }
            if !isHeld { continuation.resume() }
        }
        return try state.withLock { state in
            guard state.checkpointFailures == 0 else {
                state.checkpointFailures -= 1
                throw ChatError.unavailable(underlying: OutOfReach())
            }
            state.checkpoints.append(checkpoint)
            return !state.isTakenOver
        }
    }

    func finishStream(_ end: StreamEnd) async throws -> Message? {
        try state.withLock { state in
            if state.isTakenOver { return nil }
            if state.failures > 0 {
                state.failures -= 1
                throw ChatError.unavailable(underlying: OutOfReach())
            }
            if state.refusals > 0 {
                state.refusals -= 1
                throw ChatError.internalError(underlying: OutOfReach())
            }
            guard state.ends.isEmpty else { return nil }
            state.ends.append(end)
            if state.losesConfirmation {
                throw ChatError.unavailable(underlying: UnknownOutcomeError(underlyingError: OutOfReach()))
            }
            return Self.message(end)
        }
    }

    private static func message(_ end: StreamEnd) -> Message {
        Message(
            id: end.messageID,
            sessionID: .make(),
            parentMessageID: nil,
            role: .assistant,
            content: end.content,
            fileURLs: [],
            variantIndex: 0,
            totalVariants: 1,
            isActive: true,
            state: end.state,
            authorID: "backend",
            sessionTypeID: .make(),
            metadata: end.metadata,
            createdAt: .now
        )
    }
}

final class RememberingViewer: StreamViewer {
    private struct State {
        var delivered: [String] = []
        var indexes: [Int] = []
        var snapshots: [(content: [ContentPart], nextChunk: Int)] = []
        var outcomes: [StreamOutcome] = []
        var room = Int.max
        var seat: StreamSeat?
        var isGone = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>
    private let news: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    /// - Parameter room: how many chunks it takes before it is full.
    init(room: Int = .max) {
        state = Mutex(State(room: room))
        (news, change) = AsyncStream.makeStream()
    }

    /// What was delivered as chunks.
    var delivered: [String] { state.withLock { $0.delivered } }
    var indexes: [Int] { state.withLock { $0.indexes } }
    var snapshots: [(content: [ContentPart], nextChunk: Int)] { state.withLock { $0.snapshots } }
    var ends: [Message.State] {
        state.withLock { state in
            state.outcomes.compactMap { if case .ended(let result, _) = $0 { result.state } else { nil } }
        }
    }
    var errors: [ChatError.Code] {
        state.withLock { state in
            state.outcomes.compactMap { if case .ended(_, let error) = $0 { error?.code } else { nil } }
        }
    }
    var wasTakenOver: Bool {
        state.withLock { state in state.outcomes.contains { if case .takenOver = $0 { true } else { false } } }
    }

    var wasDismissed: Bool {
        state.withLock { state in state.outcomes.contains { if case .gone = $0 { true } else { false } } }
    }

    /// The text as a client would put it together.
    var text: String {
        state.withLock { state in
            var text = ""
            if let snapshot = state.snapshots.last {
                for case .text(let part) in snapshot.content { text += part }
            }
            let first = state.snapshots.last?.nextChunk ?? 0
            for (index, chunk) in zip(state.indexes, state.delivered) where index >= first { text += chunk }
            return text
        }
    }

    func waitForChunk(_ index: Int) async { await wait { $0.indexes.contains(index) } }
    func waitForSnapshot() async { await wait { !$0.snapshots.isEmpty } }
    func waitForEnd() async { await wait { !$0.outcomes.isEmpty } }

    private func wait(_ isThere: (borrowing State) -> Bool) async {
        if state.withLock({ isThere($0) }) { return }
        for await _ in news where state.withLock({ isThere($0) }) { return }
    }

    /// Can take `count` chunks more.
    func makeRoom(_ count: Int) {
        let (seat, waiter) = state.withLock { state in
            state.room = count
            defer { state.waiter = nil }
            return (state.seat, state.waiter)
        }
        waiter?.resume()
        seat?.hasRoom()
    }

    func leave() {
        let (seat, waiter) = state.withLock { state in
            state.isGone = true
            defer { state.waiter = nil }
            return (state.seat, state.waiter)
        }
        waiter?.resume()
        seat?.leave()
    }

    // MARK: StreamViewer

    func seated(_ seat: StreamSeat) { state.withLock { $0.seat = seat } }

    func deliver(_ json: String, index: Int) -> Bool {
        defer { change.yield() }
        return state.withLock { state in
            state.delivered.append(json)
            state.indexes.append(index)
            state.room -= 1
            return state.room > 0
        }
    }

    func deliver(snapshot: [ContentPart], nextChunk: Int) -> Bool {
        defer { change.yield() }
        return state.withLock { state in
            state.snapshots.append((snapshot, nextChunk))
            state.room -= 1
            return state.room > 0
        }
    }

    func ended(_ outcome: StreamOutcome) {
        state.withLock { $0.outcomes.append(outcome) }
        change.yield()
    }

    func dismiss() {
        leave()
        ended(.gone)
    }

    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if state.room > 0 || state.isGone { return true }
                state.waiter = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
    }

    var isGone: Bool { state.withLock { $0.isGone } }
}
