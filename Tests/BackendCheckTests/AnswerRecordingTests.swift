import ChatCore
import NIOCore
import NIOHTTP1
import Testing

@testable import BackendCheck

@Suite struct AnswerRecordingTests {
    private static let chunk = "event: chunk\ndata: {\"type\": \"text\", \"content\": \"Grüße\"}\n\n"
    private static let complete = "event: complete\ndata: {}\n\n"

    private func recording(
        type: String = "text/event-stream",
        status: Int = 200,
        _ pieces: [(String, Duration)],
        end: AnswerRecording.End = .whole
    ) -> AnswerRecording {
        var recording = AnswerRecording()
        recording.head(status, ["content-type": type], after: .seconds(1))
        for (text, time) in pieces { recording.read(ByteBuffer(string: text), after: time) }
        recording.ended(end)
        return recording
    }

    @Test func `A stream is the answer to a message when it is complete`() {
        let answer = recording([(Self.chunk, .seconds(2)), (Self.chunk + Self.complete, .seconds(5))])
        #expect(answer.messageViolation == nil)
        #expect(answer.chunkCount == 2)
        #expect(answer.headAfter == .seconds(1))
        #expect(answer.firstChunkAfter == .seconds(2))
        #expect(answer.completeAfter == .seconds(5))
        #expect(answer.longestSilence == .seconds(3))
    }

    @Test func `What comes after complete is no silence`() {
        let answer = recording([(Self.chunk + Self.complete, .seconds(2)), (": late\n\n", .seconds(9))])
        #expect(answer.longestSilence == .seconds(1))
    }

    @Test(arguments: [
        ("text/event-stream", 200, chunk, "The stream ended without a complete event"),
        ("text/event-stream", 200, "event: chunk\ndata: {\"type\": \"smell\", \"content\": \"\"}\n\n", "not known"),
        ("text/event-stream", 200, "event: error\ndata: {\"message\": \"no\"}\n\n", "The backend reported"),
        ("application/json", 200, "{}", "no content"),
        ("application/json", 200, "{\"content\": [{\"type\": \"text\"}]}", "what its type promises"),
        ("text/plain", 200, "Hello", "another content type: text/plain"),
        ("", 200, "Hello", "no content type"),
        ("application/json", 302, "{}", "status 302"),
    ])
    func `What is no answer to a message says why`(type: String, status: Int, body: String, reason: String) throws {
        let answer = recording(type: type, status: status, [(body, .seconds(2))])
        #expect(try #require(answer.messageViolation).contains(reason))
    }

    @Test func `Plain JSON is an answer to a message`() {
        let answer = recording(
            type: "application/json; charset=utf-8",
            [(#"{"content": "Hi", "metadata": {"a": 1}}"#, .zero)]
        )
        #expect(answer.messageViolation == nil)
        #expect(answer.jsonViolation == nil)
        #expect(answer.metadata == ["a": 1])
    }

    @Test func `An encoded answer was not asked for`() {
        var answer = AnswerRecording()
        answer.head(200, ["content-type": "application/json", "content-encoding": "gzip"], after: .zero)
        answer.read(ByteBuffer(string: "?"), after: .zero)
        answer.ended(.whole)
        #expect(answer.messageViolation?.contains("content-encoding") == true)
        #expect(answer.jsonViolation?.contains("content-encoding") == true)
    }

    @Test func `Chunks that come at once after a long wait were held back`() {
        let chunks = String(repeating: Self.chunk, count: 8)
        let late = recording([(chunks, .seconds(10)), (Self.complete, .milliseconds(10_010))])
        #expect(BackendChecker.flushing(of: late).name == "warned")
        let spread = recording([(Self.chunk, .seconds(2)), (chunks + Self.complete, .seconds(10))])
        #expect(BackendChecker.flushing(of: spread) == .passed(nil))
    }
}
