import ChatCore
import Testing

@testable import ChatBackends

@Suite struct WebhookEventTests {
    private let sessionType = SessionType.calling("http://localhost")
    private let time = Timestamp(microsecondsSince1970: 1_770_287_400_000_000)

    @Test func `session created`() throws {
        var notice = try SessionCreatedNotice.of(sessionType)
        let first = try JSONParser.parse(notice.body(at: time))
        #expect(
            first == [
                "event": "session.created", "timestamp": "2026-02-05T10:30:00.000Z",
                "session_id": .string(notice.sessionID.description),
                "session_type_id": .string(sessionType.id.description), "client_id": "client-1",
            ]
        )
        let previous = SessionTypeID.make()
        notice.previousSessionTypeID = previous
        let second = try JSONParser.parse(notice.body(at: time))
        #expect(second["previous_session_type_id"] == .string(previous.description))
    }

    @Test func `session type health check`() throws {
        #expect(
            try JSONParser.parse(sessionType.healthCheckBody(at: time)) == [
                "event": "session_type.health_check", "timestamp": "2026-02-05T10:30:00.000Z",
                "session_type_id": .string(sessionType.id.description),
            ]
        )
    }

    @Test func `message new`() throws {
        let messageID = MessageID.make()
        var request = AnswerRequest.new(sessionType)
        request.kind = .new(messageID: messageID, content: [.text("Hi"), .code("x", language: nil)], fileURLs: ["f"])
        request.sessionMetadata = ["plan": "free"]
        request.enabledCapabilities = [try #require(Capability(["id": "a", "depth": 3]))]
        let body = try JSONParser.parse(request.body(at: time))
        #expect(
            body == [
                "event": "message.new", "timestamp": "2026-02-05T10:30:00.000Z",
                "session_id": .string(request.sessionID.description), "message_id": .string(messageID.description),
                "response_message_id": .string(request.responseMessageID.description),
                "session_metadata": ["plan": "free"], "enabled_capabilities": [["id": "a", "depth": 3]],
                "message": [
                    "role": "user",
                    "content": [["type": "text", "text": "Hi"], ["type": "code", "code": "x"]],
                    "file_urls": ["f"],
                ],
                "history": [],
            ]
        )
    }

    @Test func `message recreate`() throws {
        let messageID = MessageID.make()
        var request = AnswerRequest.new(sessionType)
        request.kind = .recreate(messageID: messageID)
        let message = Message(
            id: .make(),
            sessionID: request.sessionID,
            parentMessageID: nil,
            role: .user,
            content: [.text("Hi")],
            fileURLs: [],
            variantIndex: 0,
            totalVariants: 1,
            isActive: true,
            state: .complete,
            authorID: "client-1",
            sessionTypeID: sessionType.id,
            metadata: [:],
            createdAt: time
        )
        request.history = [message]
        let body = try JSONParser.parse(request.body(at: time))
        #expect(body["event"] == "message.recreate")
        #expect(body["message_id"] == .string(messageID.description))
        #expect(body["message"] == nil)
        #expect(body["history"] == [message.json])
    }
}
