import ChatCore
import Testing

@testable import ChatGateway

@Suite struct LegacyAnswerTests {
    private let id = "0194d3a0-0000-7000-8000-000000000001"

    private func payload(_ envelope: [UInt8]) throws -> JSONValue {
        try #require(try JSONParser.parse(envelope)["payload"])
    }

    @Test func aResultComesWithWhatTakesItsPlace() throws {
        let envelope = ServerEnvelope.legacySuccess(
            requestID: id,
            result: Array(#"{"deleted":true}"#.utf8),
            operation: .deleteSession,
            phase: MigrationPhase(number: 3)
        )
        #expect(try JSONParser.parse(envelope)["type"] == "response.success")
        let expected: JSONValue = [
            "request_id": .string(id), "result": ["deleted": true],
            "deprecated": ["use": "DELETE /api/v1/sessions/{id}", "phase": 3],
        ]
        #expect(try payload(envelope) == expected)
    }

    @Test func aResultIsKeptAsItIs() throws {
        let body = Array("{\"a\":\"line\\nfeed\"}\n".utf8)
        let kept = try #require(LegacyAnswer.result(body).kept(traceID: "t"))
        guard case .result(let again)? = LegacyAnswer(kept: kept) else {
            Issue.record("not a result")
            return
        }
        #expect(again == body)
    }

    @Test func arefusalIsKeptWithItsTrace() throws {
        let error = ChatError(.sessionNotFound, "There is no such session.", resourceID: "x")
        let kept = try #require(LegacyAnswer.failure(error).kept(traceID: "first"))
        guard case .failedBefore(let shape)? = LegacyAnswer(kept: kept) else {
            Issue.record("not a refusal")
            return
        }
        #expect(shape == error.json(traceID: "first"))
        #expect(
            try payload(ServerEnvelope.legacyError(requestID: id, shape: shape))
                == payload(ServerEnvelope.responseError(error, requestID: id, traceID: "first"))
        )
    }

    @Test(arguments: [
        ChatError.Code.internalError, .backendError, .backendTimeout, .serviceUnavailable, .rateLimitExceeded,
    ])
    func whatAnotherAttemptMayChangeIsNotKept(code: ChatError.Code) {
        #expect(LegacyAnswer.failure(ChatError(code, "Not now.")).kept(traceID: "t") == nil)
    }

    @Test func whatIsTooLongIsNotKept() {
        let body = [UInt8](repeating: 0x20, count: LegacyAnswer.maximumKeptBytes + 1)
        #expect(LegacyAnswer.result(body).kept(traceID: "t") == nil)
    }

    @Test(arguments: ["", "result", "other\n{}", "error\n", "error\n[]", "error\n{"])
    func whatWasNeverKeptIsNotRead(text: String) {
        #expect(LegacyAnswer(kept: Array(text.utf8)) == nil)
    }
}
