import Synchronization
import Testing

@testable import ChatCore

@Suite struct StreamWatchingTests {
    private static let words = (0..<20).map { "w\($0) " }

    @Test func everyViewerGetsEveryChunkFromItsPlaceOn() async {
        let fixture = StreamFixture(script: .chunksThenHang(Self.words), isWatched: false)
        let early = RememberingViewer()
        fixture.stream.show(to: early, from: 0)
        async let running: Void = fixture.stream.run()
        await early.waitForChunk(19)
        let late = [0, 7, 19, 20].map { ($0, RememberingViewer()) }
        for (next, viewer) in late { fixture.stream.show(to: viewer, from: next) }
        _ = await fixture.stream.stop()
        await running
        for (next, viewer) in late {
            #expect(viewer.indexes == Array(next..<20))
            #expect(viewer.snapshots.isEmpty)
            #expect(viewer.ends == [.stopped])
        }
        #expect(early.delivered == Self.words)
    }

    @Test(arguments: [nil, 21, 1000])
    func whoAsksForWhatIsNotHeldGetsASnapshot(next: Int?) async {
        let fixture = StreamFixture(script: .chunksThenHang(Self.words))
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(19)
        let viewer = RememberingViewer()
        fixture.stream.show(to: viewer, from: next)
        #expect(viewer.snapshots.map(\.nextChunk) == [20])
        #expect(viewer.snapshots.first?.content == [.text(Self.words.joined())])
        _ = await fixture.stream.stop()
        await running
        #expect(viewer.delivered.isEmpty)
        #expect(viewer.ends == [.stopped])
    }

    @Test func theBackendWaitsWhileNobodyCanTakeMore() async {
        let fixture = StreamFixture(script: .chunks(Self.words, thenComplete: true), isWatched: false)
        let viewer = RememberingViewer(room: 5)
        fixture.stream.show(to: viewer, from: 0)
        async let running: Void = fixture.stream.run()
        await viewer.waitForChunk(4)
        #expect(fixture.backend.sent <= 6)
        #expect(viewer.indexes == Array(0..<5))
        viewer.makeRoom(.max)
        await running
        #expect(viewer.delivered == Self.words)
        #expect(viewer.ends == [.complete])
    }

    @Test func oneSlowViewerHoldsUpNobody() async {
        let fixture = StreamFixture(script: .chunks(Self.words, thenComplete: true))
        let slow = RememberingViewer(room: 2)
        fixture.stream.show(to: slow, from: 0)
        await fixture.stream.run()
        #expect(fixture.viewer.delivered == Self.words)
        #expect(fixture.viewer.ends == [.complete])
        #expect(slow.indexes == [0, 1])
        #expect(slow.ends.isEmpty)
        slow.makeRoom(.max)
        #expect(slow.delivered == Self.words)
        #expect(slow.ends == [.complete])
    }

    @Test func whoFallsTooFarBehindGetsASnapshot() async {
        let chunk = String(repeating: "x", count: 1 << 20)
        let script = ScriptedBackend.Script.chunks(Array(repeating: chunk, count: 12), thenComplete: true)
        let fixture = StreamFixture(script: script)
        let slow = RememberingViewer(room: 1)
        fixture.stream.show(to: slow, from: 0)
        await fixture.stream.run()
        slow.makeRoom(.max)
        #expect(slow.indexes == [0])
        #expect(slow.snapshots.map(\.nextChunk) == [12])
        #expect(slow.text.utf8.count == 12 << 20)
        #expect(slow.ends == [.complete])
    }

    @Test func aViewerElsewhereThatTakesNothingHasTheBackendWait() async {
        let chunk = String(repeating: "x", count: 100 * 1024)
        let script = ScriptedBackend.Script.chunks(Array(repeating: chunk, count: 30), thenComplete: true)
        let fixture = StreamFixture(script: script, isWatched: false)
        let stream = fixture.stream
        // It is known before the stream begins.
        async let first = stream.fetch(from: 0, for: "viewer", patience: .seconds(60))
        while stream.state.withLock({ $0.audience.arrivals }) == 0 { await Task.yield() }
        async let running: Void = stream.run()
        var fetched = await first
        for _ in 0..<2000 { await Task.yield() }
        #expect(fixture.backend.sent <= 6)
        #expect(!stream.isEnding)
        var next = 0
        while case .chunks(let chunks)? = fetched {
            next += chunks.count
            fetched = await stream.fetch(from: next, for: "viewer", patience: .seconds(60))
        }
        await running
        #expect(next == 30)
        #expect(fetched == .ended)
        #expect(fixture.store.ends.map(\.state) == [.complete])
    }

    @Test func aStreamRunsOnWithoutViewers() async {
        let fixture = StreamFixture(script: .chunks(Self.words, thenComplete: true), isWatched: false)
        let viewer = RememberingViewer(room: 3)
        fixture.stream.show(to: viewer, from: 0)
        async let running: Void = fixture.stream.run()
        await viewer.waitForChunk(2)
        viewer.leave()
        await running
        #expect(fixture.store.ends.map(\.state) == [.complete])
        #expect(viewer.ends.isEmpty)
    }

    @Test func aStreamThatIsToBeCancelledIsAbandonedWhenNobodyComesBack() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a"]), graceSeconds: 30)
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(0)
        fixture.viewer.leave()
        await fixture.time.untilSomebodySleeps()
        fixture.time.pass()
        await running
        #expect(fixture.store.ends.map(\.state) == [.abandoned])
        #expect(fixture.store.ends.first?.content == [.text("a")])
        #expect(fixture.backend.wasCancelled)
    }

    @Test func aStreamThatIsToBeCancelledGoesOnWhenSomebodyComesBack() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a"]), graceSeconds: 30)
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(0)
        fixture.viewer.leave()
        await fixture.time.untilSomebodySleeps()
        let viewer = RememberingViewer()
        fixture.stream.show(to: viewer, from: 1)
        fixture.time.pass()
        #expect(await fixture.stream.stop() == .stopped)
        await running
        #expect(viewer.ends == [.stopped])
    }

    @Test func whoLeavesAgainHasTheWholeTimeAgain() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a"]), graceSeconds: 30)
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(0)
        fixture.viewer.leave()
        await fixture.time.untilSomebodySleeps()
        let viewer = RememberingViewer()
        fixture.stream.show(to: viewer, from: 1)
        viewer.leave()
        fixture.time.pass()
        // The time that ended was that of the first who left.
        await fixture.time.untilSomebodySleeps()
        #expect(!fixture.stream.isEnding)
        fixture.time.pass()
        await running
        #expect(fixture.store.ends.map(\.state) == [.abandoned])
    }
}
