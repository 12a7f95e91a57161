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
                // Until it is cancelled, which is what the tests wait for.
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
