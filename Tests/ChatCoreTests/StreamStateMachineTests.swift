import ChatCore
import Testing

@Suite struct StreamStateMachineTests {
    private func chunk(_ text: String) -> StreamChunk {
        StreamChunk(kind: .text, content: text, json: #"{"type":"text"}"#)
    }

    private func ending(_ action: StreamStateMachine.EndAction) -> StreamStateMachine.Ending? {
        if case .finish(let ending) = action { ending } else { nil }
    }

    @Test func numbersChunksAndKeepsThem() {
        var machine = StreamStateMachine()
        #expect(machine.mayCallBackend)
        #expect(machine.chunkArrived(chunk("Hel")) == .deliver(index: 0, saveCheckpoint: false))
        #expect(machine.chunkArrived(chunk("lo")) == .deliver(index: 1, saveCheckpoint: false))
        let end = ending(machine.backendCompleted(metadata: ["usage": 1]))
        #expect(end?.state == .complete)
        #expect(end?.content == [.text("Hello")])
        #expect(end?.chunks == 2)
        #expect(end?.metadata == ["usage": 1])
    }

    @Test func theFirstEndCounts() {
        var machine = StreamStateMachine()
        _ = machine.chunkArrived(chunk("a"))
        #expect(ending(machine.stopRequested())?.state == .stopped)
        #expect(machine.chunkArrived(chunk("b")) == .ignore)
        #expect(ending(machine.backendCompleted(metadata: [:])) == nil)
        #expect(ending(machine.backendFailed(ChatError(.backendError, ""))) == nil)
        #expect(ending(machine.stopRequested()) == nil)
        #expect(machine.finalState == nil)
        machine.written(.stopped)
        #expect(machine.finalState == .stopped)
        #expect(ending(machine.interrupted()) == nil)
    }

    @Test func aStopBeforeTheCallKeepsTheBackendUncalled() {
        var machine = StreamStateMachine()
        let end = ending(machine.stopRequested())
        #expect(!machine.mayCallBackend)
        #expect(end?.content == [])
        #expect(end?.chunks == 0)
        #expect(end?.error == nil)
    }

    @Test func failuresKeepPartialContent() {
        var failed = StreamStateMachine()
        _ = failed.chunkArrived(chunk("a"))
        let end = ending(failed.backendFailed(ChatError(.backendError, "x")))
        #expect(end?.state == .failed)
        #expect(end?.content == [.text("a")])
        #expect(end?.error?.code == .backendError)
        var slow = StreamStateMachine()
        #expect(ending(slow.backendFailed(ChatError(.backendTimeout, "x")))?.state == .timedOut)
        var away = StreamStateMachine()
        #expect(ending(away.interrupted())?.state == .interrupted)
    }

    /// Asks for a checkpoint of all there is. - Returns: how many chunks it holds.
    private func checkpoint(of machine: inout StreamStateMachine) -> Int? {
        guard case .save(_, let chunks) = machine.checkpointRequested(of: machine.chunkCount) else { return nil }
        return chunks
    }

    @Test func asksForACheckpointEvery64KiB() {
        var machine = StreamStateMachine()
        #expect(checkpoint(of: &machine) == nil)
        let half = chunk(String(repeating: "x", count: StreamStateMachine.checkpointBytes / 2))
        #expect(machine.chunkArrived(half) == .deliver(index: 0, saveCheckpoint: false))
        #expect(machine.chunkArrived(half) == .deliver(index: 1, saveCheckpoint: true))
        #expect(checkpoint(of: &machine) == 2)
        machine.checkpointEnded(isSaved: true)
        #expect(checkpoint(of: &machine) == nil)
        #expect(machine.chunkArrived(half) == .deliver(index: 2, saveCheckpoint: false))
        #expect(checkpoint(of: &machine) == 3)
    }

    @Test func savesALongAnswerLessOften() {
        var machine = StreamStateMachine()
        var saved = 0
        let piece = chunk(String(repeating: "x", count: 16 * 1024))
        for _ in 0..<(32 << 20) / (16 * 1024) {
            guard case .deliver(_, saveCheckpoint: true) = machine.chunkArrived(piece) else { continue }
            #expect(checkpoint(of: &machine) != nil)
            machine.checkpointEnded(isSaved: true)
            saved += 1
        }
        // The sum of all that is written stays within a few times the answer.
        #expect((10...40).contains(saved), "\(saved)")
    }

    @Test func oneCheckpointIsSavedAtATime() {
        var machine = StreamStateMachine()
        let large = chunk(String(repeating: "x", count: StreamStateMachine.checkpointBytes))
        _ = machine.chunkArrived(large)
        #expect(checkpoint(of: &machine) == 1)
        #expect(machine.chunkArrived(large) == .deliver(index: 1, saveCheckpoint: false))
        guard case .wait = machine.checkpointRequested(of: 2) else {
            Issue.record("a second one is saved beside it")
            return
        }
        machine.checkpointEnded(isSaved: true)
        guard case .none = machine.checkpointRequested(of: 1) else {
            Issue.record("what is saved is saved again")
            return
        }
        #expect(checkpoint(of: &machine) == 2)
    }

    @Test func whatWasNotSavedIsSavedAgain() {
        var machine = StreamStateMachine()
        let large = chunk(String(repeating: "x", count: StreamStateMachine.checkpointBytes))
        _ = machine.chunkArrived(large)
        #expect(checkpoint(of: &machine) == 1)
        machine.checkpointEnded(isSaved: false)
        #expect(checkpoint(of: &machine) == 1)
        machine.checkpointEnded(isSaved: false)
        #expect(machine.chunkArrived(chunk("y")) == .deliver(index: 1, saveCheckpoint: true))
    }

    @Test func neighboursOfAKindMerge() {
        var content = AnswerContent()
        func add(_ kind: StreamChunk.Kind, _ text: String, _ attributes: JSONObject = [:]) {
            content.append(StreamChunk(kind: kind, content: text, json: "{}", attributes: attributes))
        }
        add(.text, "a")
        add(.text, "b")
        add(.code, "c", ["language": "swift"])
        add(.code, "d", ["language": "swift"])
        add(.code, "e", ["language": "c"])
        add(.image, "http://x/1", ["mime_type": "image/png"])
        add(.image, "http://x/2")
        add(.text, "")
        #expect(
            content.parts == [
                .text("ab"), .code("cd", language: "swift"), .code("e", language: "c"),
                .image(url: "http://x/1", mimeType: "image/png"), .image(url: "http://x/2", mimeType: nil),
            ]
        )
        #expect(content.byteCount == 25)
    }
}
