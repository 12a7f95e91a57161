import ChatCore
import Synchronization
import TestFakes

/// A stream with a scripted backend and a store and sink that remember.
struct StreamFixture {
    let backend: ScriptedBackend
    let store = RememberingStore()
    let sink = RememberingSink()
    let stream: RunningStream

    init(script: ScriptedBackend.Script) {
        backend = ScriptedBackend(script: script)
        let session = SessionID.make()
        let message = MessageID.make()
        let type = SessionType(id: .make(), name: "test", webhookURL: "http://backend.test/")
        let services = StreamServices(
            node: Node(id: .make(), name: "node", role: .gateway),
            backend: backend,
            messages: store,
            registry: StreamRegistry(),
            observer: SilentObserver()
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
            sink: sink
        )
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
        var wasCancelled = false
    }

    private let script: Script
    private let state = Mutex(State())

    init(script: Script) {
        self.script = script
    }

    var calls: Int { state.withLock { $0.calls } }
    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability] { [] }

    func checkHealth(of sessionType: SessionType, traceparent: String?) async throws -> BackendHealth {
        BackendHealth(status: .healthy, version: nil, capabilities: [])
    }

    func streamAnswer(to request: AnswerRequest, handle: @Sendable (BackendEvent) async throws -> Void) async throws {
        state.withLock { $0.calls += 1 }
        func send(_ texts: [String]) async throws {
            for text in texts { try await handle(.chunk(StreamChunk(kind: .text, content: text, json: "{}"))) }
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

    func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool { !isTakenOver }

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

final class RememberingSink: StreamSink {
    private struct State {
        var delivered: [String] = []
        var ends: [Message.State] = []
        var errors: [ChatError.Code] = []
        var wasTakenOver = false
    }

    private let state = Mutex(State())
    private let arrivals: AsyncStream<Int>
    private let arrival: AsyncStream<Int>.Continuation

    init() {
        (arrivals, arrival) = AsyncStream.makeStream()
    }

    var delivered: [String] { state.withLock { $0.delivered } }
    var ends: [Message.State] { state.withLock { $0.ends } }
    var errors: [ChatError.Code] { state.withLock { $0.errors } }
    var wasTakenOver: Bool { state.withLock { $0.wasTakenOver } }

    func waitForChunk(_ index: Int) async {
        for await arrived in arrivals where arrived >= index { return }
    }

    func deliver(_ chunk: StreamChunk, index: Int) async {
        state.withLock { $0.delivered.append(chunk.content) }
        arrival.yield(index)
    }

    func ended(_ message: Message, ending: StreamStateMachine.Ending) async {
        state.withLock { state in
            state.ends.append(message.state)
            if let error = ending.error { state.errors.append(error.code) }
        }
    }

    func takenOver() async {
        state.withLock { $0.wasTakenOver = true }
    }
}
