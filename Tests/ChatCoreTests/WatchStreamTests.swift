import Synchronization
import TestFakes
import Testing

@testable import ChatCore

@Suite struct WatchStreamTests {
    private static let words = (0..<12).map { "w\($0) " }

    @Test(arguments: 0...12)
    func aStreamOnAnotherNodeIsShownFromAnyPlaceOn(next: Int) async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(11)
        let viewer = RememberingViewer()
        async let showing: Void = cluster.watch(viewer, from: next)
        if next < 12 { await viewer.waitForChunk(11) }
        _ = await cluster.stream.stop()
        await showing
        #expect(viewer.indexes == Array(next..<12))
        #expect(viewer.snapshots.isEmpty)
        #expect(viewer.ends == [.stopped])
    }

    @Test func aLateComerGetsASnapshotAndThenChunks() async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(11)
        await cluster.stream.saveCheckpoint()
        let viewer = RememberingViewer()
        async let showing: Void = cluster.watch(viewer, from: nil)
        await viewer.waitForSnapshot()
        #expect(viewer.snapshots.map(\.nextChunk) == [12])
        _ = await cluster.stream.stop()
        await showing
        #expect(viewer.text == Self.words.joined())
        #expect(viewer.ends == [.stopped])
    }

    @Test func whatIsNoLongerHeldComesFromTheDatabase() async throws {
        let chunk = String(repeating: "x", count: 200 * 1024)
        let cluster = await TwoNodes(script: .chunksThenHang(Array(repeating: chunk, count: 8)))
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(7)
        let viewer = RememberingViewer()
        async let showing: Void = cluster.watch(viewer, from: 1)
        await viewer.waitForSnapshot()
        #expect(viewer.snapshots.map(\.nextChunk) == [8])
        _ = await cluster.stream.stop()
        await showing
        #expect(viewer.text.utf8.count == 8 * chunk.utf8.count)
        #expect(viewer.delivered.isEmpty)
    }

    /// What the viewer has had is not given to it over and over again.
    @Test func whoFellBehindWaitsForACheckpointThatHoldsMore() async throws {
        let chunk = String(repeating: "x", count: 200 * 1024)
        let cluster = await TwoNodes(script: .chunksThenHang(Array(repeating: chunk, count: 8)))
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(7)
        cluster.directory.hidesCheckpoints = true
        let viewer = RememberingViewer()
        async let showing: Void = cluster.watch(viewer, from: 1)
        while cluster.directory.looks < 4 { await Task.yield() }
        #expect(viewer.snapshots.map(\.nextChunk) == [0])
        cluster.directory.hidesCheckpoints = false
        while viewer.snapshots.count < 2 { await Task.yield() }
        #expect(viewer.snapshots.map(\.nextChunk) == [0, 8])
        _ = await cluster.stream.stop()
        await showing
        #expect(viewer.ends == [.stopped])
    }

    /// As long as the owner cannot save what is asked for, nothing is shown in its place.
    @Test func whatCannotBeSavedIsAskedForAgain() async throws {
        let chunk = String(repeating: "x", count: 200 * 1024)
        let cluster = await TwoNodes(script: .chunksThenHang(Array(repeating: chunk, count: 8)))
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(7)
        cluster.fixture.store.checkpointFailures = 2
        let viewer = RememberingViewer()
        async let showing: Void = cluster.watch(viewer, from: 1)
        await viewer.waitForSnapshot()
        #expect(cluster.fixture.store.checkpointFailures == 0)
        #expect(viewer.snapshots.map(\.nextChunk) == [8])
        _ = await cluster.stream.stop()
        await showing
    }

    /// A client that is behind is there all the same, and its owner is told so.
    @Test func aViewerWithoutRoomSaysThatItIsThere() async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(11)
        let said = Mutex<[FetchRequest]>([])
        let subscription = await cluster.bus.subscribe(to: .node(cluster.owner.id)) { delivery in
            guard case .signal(let bytes) = delivery, case .watching(let request)? = NodeSignal.decode(bytes) else {
                return
            }
            said.withLock { $0.append(request) }
        }
        let viewer = RememberingViewer(room: 1)
        async let showing: Void = cluster.watch(viewer, from: 0)
        await viewer.waitForChunk(0)
        for count in 1...3 {
            await cluster.clock.waitForSleepers()
            cluster.clock.advance(by: RunningStream.remoteViewerInterval)
            while said.withLock({ $0.count }) < count { await Task.yield() }
        }
        #expect(said.withLock { $0 }.allSatisfy { $0.next == 1 && $0.messageID == cluster.stream.identity.messageID })
        viewer.makeRoom(.max)
        await viewer.waitForChunk(11)
        _ = await cluster.stream.stop()
        await showing
        #expect(viewer.indexes == Array(0..<12))
        subscription.cancel()
    }

    @Test func whoSaysThatItIsThereIsBelieved() async {
        let fixture = StreamFixture(script: .chunksThenHang(Self.words), isWatched: false)
        fixture.stream.heard(of: "viewer", at: 3)
        let (soon, later) = fixture.stream.state.withLock { state in
            (state.audience.isEmpty(now: .now + .seconds(9)), state.audience.isEmpty(now: .now + .seconds(11)))
        }
        #expect(!soon)
        #expect(later)
    }

    @Test func withoutABusTheEndComesFromTheDatabase() async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        cluster.bus.isConnected = false
        cluster.start()
        await cluster.fixture.viewer.waitForChunk(11)
        let viewer = RememberingViewer()
        async let showing: Void = cluster.watch(viewer, from: 3)
        _ = await cluster.stream.stop()
        await showing
        #expect(viewer.snapshots.map(\.nextChunk) == [12])
        #expect(viewer.text == Self.words.joined())
        #expect(viewer.ends == [.stopped])
    }

    @Test func whatHasEndedIsShownFromTheDatabase() async throws {
        let cluster = await TwoNodes(script: .chunks(Self.words, thenComplete: true))
        cluster.start()
        _ = await cluster.stream.waitForOutcome()
        let viewers = [nil, 0, 5, 12, 13].map { ($0, RememberingViewer()) }
        for (next, viewer) in viewers {
            await cluster.watch(viewer, from: next)
            #expect(viewer.snapshots.map(\.nextChunk) == (next == 12 ? [] : [12]))
            #expect(viewer.ends == [.complete])
        }
    }

    @Test func theEndWaitsUntilTheAnswerBeforeItIsTaken() async throws {
        let cluster = await TwoNodes(script: .chunks(Self.words, thenComplete: true))
        cluster.start()
        _ = await cluster.stream.waitForOutcome()
        let viewer = RememberingViewer(room: 1)
        async let showing: Void = cluster.watch(viewer, from: nil)
        await viewer.waitForSnapshot()
        for _ in 0..<1000 { await Task.yield() }
        #expect(viewer.ends.isEmpty)
        viewer.makeRoom(.max)
        await showing
        #expect(viewer.ends == [.complete])
    }

    @Test(
        arguments: [
            (Message.State.failed, ChatError.Code.backendError), (.timedOut, .backendTimeout),
            (.interrupted, .serviceUnavailable),
        ]
    )
    func anErrorIsToldAgain(state: Message.State, code: ChatError.Code) async throws {
        let cluster = await TwoNodes(script: .chunks([], thenComplete: true))
        cluster.directory.end = StreamResult(state: state, content: [], chunks: 0, metadata: [:])
        let viewer = RememberingViewer()
        await cluster.watch(viewer, from: 0)
        #expect(viewer.errors == [code])
        #expect(viewer.snapshots.isEmpty)
    }

    @Test func aDeletedSessionEndsTheShowing() async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        cluster.bus.isConnected = false
        let known = try #require(try await cluster.directory.stream(cluster.stream.identity.messageID, for: .test))
        let viewer = RememberingViewer()
        cluster.directory.isDeleted = true
        await cluster.watchStream.show(known, to: viewer, from: 0, reader: .test)
        #expect(viewer.wasDismissed)
    }

    @Test func aGuestsViewerIsDismissedWhenTheShareIsOver() async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        cluster.start()
        let guest = try #require(ClientID("guest"))
        let id = cluster.stream.identity.messageID
        let viewer = RememberingViewer()
        cluster.stream.show(to: viewer, from: 0)
        await viewer.waitForChunk(11)
        cluster.directory.owner = .test
        async let watching: Void = cluster.watchStream.watchOver(viewer, of: id, owner: .test, reader: guest)
        await cluster.clock.waitForSleepers()
        cluster.clock.advance(by: .seconds(2))
        await cluster.clock.waitForSleepers()
        #expect(!viewer.wasDismissed)
        cluster.directory.owner = nil
        cluster.clock.advance(by: .seconds(2))
        await watching
        #expect(viewer.wasDismissed)
        #expect(viewer.isGone)
        #expect(await cluster.stream.stop() == .stopped)
        #expect(viewer.ends.isEmpty)
    }

    @Test func theOwnersViewerIsNotWatchedOver() async throws {
        let cluster = await TwoNodes(script: .chunksThenHang(Self.words))
        let viewer = RememberingViewer()
        let id = cluster.stream.identity.messageID
        await cluster.watchStream.watchOver(viewer, of: id, owner: .test, reader: .test)
        #expect(!viewer.isGone)
    }

    @Test func whatIsNoAnswerWasNeverStreamed() async throws {
        let cluster = await TwoNodes(script: .chunks([], thenComplete: true))
        cluster.directory.isDeleted = true
        let id = cluster.stream.identity.messageID
        await #expect(throws: ChatError.self) { try await cluster.watchStream.find(id, reader: .test) }
    }
}

/// A stream on one node, watched from another.
private struct TwoNodes {
    let bus = LocalBus()
    let fixture: StreamFixture
    let directory: FakeDirectory
    let watchStream: WatchStream
    let clock = ManualClock()
    let owner: Node
    private let registry = StreamRegistry()
    private let subscriptions: [any SignalSubscription]

    var stream: RunningStream { fixture.stream }

    init(script: ScriptedBackend.Script) async {
        fixture = StreamFixture(script: script)
        owner = Node(id: .make(), name: "owner", role: .gateway)
        let other = Node(id: .make(), name: "other", role: .gateway)
        let ownerSignals = NodeSignals(node: owner, bus: bus, registry: registry, observer: SilentObserver())
        let signals = NodeSignals(node: other, bus: bus, registry: StreamRegistry(), observer: SilentObserver())
        subscriptions = [await ownerSignals.listen(), await signals.listen()]
        directory = FakeDirectory(stream: fixture.stream.identity, store: fixture.store, owner: owner.id)
        watchStream = WatchStream(
            node: other,
            directory: directory,
            registry: StreamRegistry(),
            signals: signals,
            observer: SilentObserver(),
            sleep: { [clock] in try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
        )
    }

    func start() { registry.start(stream) }

    /// Returns when the showing has ended.
    func watch(_ viewer: RememberingViewer, from next: Int?) async {
        guard let known = try? await watchStream.find(stream.identity.messageID, reader: .test) else { return }
        await watchStream.show(known, to: viewer, from: next, reader: .test)
    }
}

/// What the database knows of one stream.
private final class FakeDirectory: StreamDirectory {
    private struct State {
        var end: StreamResult?
        var isDeleted = false
        var hidesCheckpoints = false
        var owner: ClientID?
        var looks = 0
    }

    private let identity: StreamIdentity
    private let store: RememberingStore
    private let node: NodeID
    private let state = Mutex(State())

    init(stream: StreamIdentity, store: RememberingStore, owner: NodeID) {
        identity = stream
        self.store = store
        self.node = owner
    }

    var end: StreamResult? {
        get { state.withLock { $0.end } }
        set { state.withLock { $0.end = newValue } }
    }
    var isDeleted: Bool {
        get { state.withLock { $0.isDeleted } }
        set { state.withLock { $0.isDeleted = newValue } }
    }

    /// Shows a running stream as if nothing had been saved of it.
    var hidesCheckpoints: Bool {
        get { state.withLock { $0.hidesCheckpoints } }
        set { state.withLock { $0.hidesCheckpoints = newValue } }
    }
    /// How often it was asked.
    var looks: Int { state.withLock { $0.looks } }

    func stream(_ id: MessageID, for reader: ClientID) async throws -> KnownStream? {
        state.withLock { $0.looks += 1 }
        guard !isDeleted else { return nil }
        let ended = store.ends.first.map {
            StreamResult(state: $0.state, content: $0.content, chunks: $0.chunks, metadata: $0.metadata)
        }
        let saved = hidesCheckpoints ? nil : store.lastCheckpoint
        let running = StreamResult(
            state: .streaming,
            content: saved?.content ?? [],
            chunks: saved?.chunks ?? 0,
            metadata: [:]
        )
        let result = end ?? ended
        return KnownStream(
            clientID: identity.clientID,
            sessionID: identity.sessionID,
            messageID: identity.messageID,
            progress: result == nil ? .running(on: node, isAlive: true) : .ended,
            result: result ?? running
        )
    }

    /// Whose session a guest's message is in.
    var owner: ClientID? {
        get { state.withLock { $0.owner } }
        set { state.withLock { $0.owner = newValue } }
    }

    func owner(ofMessage id: MessageID, by guest: ClientID) async throws -> ClientID? { owner }
}
