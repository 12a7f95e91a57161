import Synchronization
import Testing

@testable import ChatCore

@Suite struct RunningStreamTests {
    @Test func runsAnAnswerToItsEnd() async throws {
        let fixture = StreamFixture(script: .chunks(["Hel", "lo"], thenComplete: true))
        await fixture.stream.run()
        #expect(await fixture.stream.waitForEnd() == .complete)
        #expect(fixture.viewer.delivered == ["Hel", "lo"])
        #expect(fixture.viewer.ends == [.complete])
        let end = try #require(fixture.store.ends.first)
        #expect(end.content == [.text("Hello")])
        #expect(end.chunks == 2)
        #expect(fixture.store.ends.count == 1)
    }

    @Test func aBackendThatReturnsWithoutCompleteHasBrokenOff() async throws {
        let fixture = StreamFixture(script: .chunks(["a"], thenComplete: false))
        await fixture.stream.run()
        let end = try #require(fixture.store.ends.first)
        #expect(end.state == .failed)
        #expect(end.content == [.text("a")])
        #expect(fixture.viewer.errors == [.backendError])
    }

    @Test func aFailureIsTheBackends() async throws {
        let fixture = StreamFixture(script: .fails(ChatError(.backendTimeout, "too slow")))
        await fixture.stream.run()
        #expect(fixture.store.ends.map(\.state) == [.timedOut])
        #expect(fixture.viewer.errors == [.backendTimeout])
    }

    @Test func aStopCutsTheBackendOffAndKeepsWhatCame() async throws {
        let fixture = StreamFixture(script: .chunksThenHang(["a", "b"]))
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(1)
        #expect(await fixture.stream.stop() == .stopped)
        await running
        #expect(fixture.store.ends.map(\.state) == [.stopped])
        #expect(fixture.store.ends.first?.content == [.text("ab")])
        #expect(fixture.store.ends.first?.chunks == fixture.viewer.delivered.count)
        #expect(fixture.backend.wasCancelled)
        #expect(await fixture.stream.stop() == .stopped)
    }

    @Test func aStopBeforeTheStartKeepsTheBackendUncalled() async {
        let fixture = StreamFixture(script: .chunks(["never"], thenComplete: true))
        async let stopped = fixture.stream.stop()
        while !fixture.stream.isEnding { await Task.yield() }
        await fixture.stream.run()
        #expect(await stopped == .stopped)
        #expect(fixture.backend.calls == 0)
        #expect(fixture.viewer.delivered.isEmpty)
    }

    @Test(arguments: [1, 2])
    func anAnswerThatCannotBeStoredHasFailed(refusals: Int) async throws {
        let fixture = StreamFixture(script: .chunks(["a"], thenComplete: true))
        fixture.store.refusals = refusals
        await fixture.stream.run()
        #expect(await fixture.stream.waitForEnd() == .failed)
        #expect(fixture.store.ends.map(\.state) == [.failed])
        #expect(fixture.viewer.errors == [.backendError])
    }

    @Test func theEndIsWrittenAgainUntilItIsWritten() async {
        let fixture = StreamFixture(script: .chunks(["a"], thenComplete: true))
        fixture.store.failures = 2
        await fixture.stream.run()
        #expect(fixture.store.ends.map(\.state) == [.complete])
        #expect(fixture.viewer.ends == [.complete])
    }

    @Test func anEndWhoseConfirmationWasLostIsFound() async {
        let fixture = StreamFixture(script: .chunks(["a"], thenComplete: true))
        fixture.store.losesConfirmation = true
        await fixture.stream.run()
        #expect(fixture.viewer.ends == [.complete])
    }

    @Test func aStreamTakenOverIsSaidSo() async {
        let fixture = StreamFixture(script: .chunks(["a"], thenComplete: true))
        fixture.store.isTakenOver = true
        await fixture.stream.run()
        #expect(fixture.viewer.wasTakenOver)
        #expect(fixture.viewer.ends.isEmpty)
        #expect(await fixture.stream.waitForEnd() == nil)
    }

    @Test func aCheckpointRefusedCutsTheStreamOff() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a"]))
        fixture.store.isTakenOver = true
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(0)
        await fixture.stream.saveCheckpoint()
        await running
        #expect(fixture.backend.wasCancelled)
        #expect(fixture.viewer.wasTakenOver)
    }

    @Test func checkpointsAreSavedOneAfterTheOtherAndNeverGoBack() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a", "b", "c"]))
        let stream = fixture.stream
        fixture.store.holdNextCheckpoint()
        async let running: Void = stream.run()
        await fixture.viewer.waitForChunk(2)
        async let first = stream.saveCheckpoint()
        while !fixture.store.isHoldingACheckpoint { await Task.yield() }
        async let others = withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 { group.addTask { await stream.saveCheckpoint() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        for _ in 0..<1000 { await Task.yield() }
        #expect(fixture.store.mostCheckpointsUnderWay == 1)
        fixture.store.letCheckpointGo()
        #expect(await first)
        #expect(await others.allSatisfy { $0 })
        #expect(fixture.store.checkpoints.map(\.chunks) == [3])
        _ = await stream.stop()
        await running
    }

    @Test func aCheckpointThatFailedIsSavedTheNextTime() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a", "b"]))
        async let running: Void = fixture.stream.run()
        await fixture.viewer.waitForChunk(1)
        fixture.store.checkpointFailures = 1
        #expect(await !fixture.stream.saveCheckpoint())
        #expect(fixture.store.checkpoints.isEmpty)
        #expect(await fixture.stream.saveCheckpoint())
        #expect(fixture.store.checkpoints.map(\.chunks) == [2])
        #expect(await fixture.stream.saveCheckpoint())
        #expect(fixture.store.checkpoints.count == 1)
        _ = await fixture.stream.stop()
        await running
    }

    @Test func cancellationInterrupts() async {
        let fixture = StreamFixture(script: .chunksThenHang(["a"]))
        let task = Task { await fixture.stream.run() }
        await fixture.viewer.waitForChunk(0)
        task.cancel()
        await task.value
        #expect(fixture.store.ends.map(\.state) == [.interrupted])
    }
}
