import ChatCore
import TestSupport
import Testing

@testable import FaultHarness

/// What a client makes of an answer that comes over several connections.
@Suite struct ExchangeTests {
    private func envelope(_ type: String, _ payload: JSONObject) throws -> Envelope {
        try Envelope(["id": "1", "type": .string(type), "payload": .object(payload), "timestamp": "now"])
    }

    private func begun() throws -> Exchange {
        var exchange = Exchange(id: "r", type: "message.send", payload: [:])
        _ = exchange.next(resumeID: "unused")
        _ = exchange.take(try envelope("message.streaming.start", ["request_id": "r", "message_id": "m"]))
        return exchange
    }

    private func chunk(_ index: Int, of request: String = "r") throws -> Envelope {
        let payload: JSONObject = [
            "request_id": .string(request), "message_id": "m", "index": .integer(Int64(index)),
            "chunk": ["type": "text", "content": "a"],
        ]
        return try envelope("message.streaming.chunk", payload)
    }

    private func complete(_ chunks: Int64, of request: String = "r") throws -> Envelope {
        let payload: JSONObject = [
            "request_id": .string(request), "message_id": "m", "chunks": .integer(chunks),
            "metadata": ["state": "complete"],
        ]
        return try envelope("message.streaming.complete", payload)
    }

    @Test func itGoesOnWhereItWasCut() throws {
        var exchange = try begun()
        #expect(exchange.take(try chunk(0)) == .goesOn)
        let next = exchange.next(resumeID: "again")
        #expect(next.id == "again")
        #expect(next.type == "stream.resume")
        #expect(next.payload == ["message_id": "m", "next_chunk": 1])
        #expect(exchange.take(try chunk(0)) == .goesOn)
        #expect(exchange.take(try chunk(1, of: "again")) == .goesOn)
        #expect(exchange.take(try complete(2, of: "again")) == .ended)
        #expect(exchange.answer == SeenAnswer(text: "aa", nextChunk: 2, hasEnded: true, state: "complete"))
        #expect(exchange.violations == [])
    }

    @Test func aRequestThatHasNotBegunIsSentAgainAsItWas() {
        var exchange = Exchange(id: "r", type: "message.send", payload: ["content": "x"])
        _ = exchange.next(resumeID: "unused")
        let again = exchange.next(resumeID: "unused")
        #expect(again.id == "r")
        #expect(again.payload == ["content": "x"])
        #expect(exchange.attempts == 2)
    }

    @Test("A chunk that is doubled or missing is found", arguments: [0, 2])
    func disorder(index: Int) throws {
        var exchange = try begun()
        _ = exchange.take(try chunk(0))
        _ = exchange.take(try chunk(index))
        #expect(exchange.violations.count == 1)
    }

    @Test func anEndThatCountsOtherwiseAndASecondBeginningAreFound() throws {
        var exchange = try begun()
        _ = exchange.take(try envelope("message.streaming.start", ["request_id": "r", "message_id": "n"]))
        _ = exchange.take(try complete(1))
        #expect(exchange.violations.count == 2)
    }

    @Test func aRefusalEndsItUnlessAnotherNodeMayDoBetter() throws {
        var exchange = Exchange(id: "r", type: "message.send", payload: [:])
        for (code, step) in [
            ("SERVICE_UNAVAILABLE", Exchange.Step.goElsewhere), ("CONFLICT", .refused(code: "CONFLICT")),
        ] {
            let refusal = try envelope("response.error", ["request_id": "r", "error_code": .string(code)])
            #expect(exchange.take(refusal) == step)
        }
        #expect(exchange.violations == [])
    }
}
