import Synchronization

@testable import ChatCore

/// Remembers what is written to it, and fails as often as the test wants it.
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
