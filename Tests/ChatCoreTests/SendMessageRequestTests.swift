import ChatCore
import Testing

@Suite struct SendMessageRequestTests {
    private let session = SessionID.make()

    private func payload(_ fields: JSONObject) -> JSONValue {
        var all: JSONObject = ["session_id": .string(session.description), "content": "hello"]
        for (name, value) in fields { all[name] = value }
        return .object(all)
    }

    private func errors(_ payload: JSONValue) -> [String] {
        do {
            _ = try SendMessageRequest(payload: payload)
            return []
        } catch {
            return error.validationErrors.map { "\($0.field) \($0.code.rawValue)" }
        }
    }

    @Test func aTextIsOneTextPart() throws {
        let request = try SendMessageRequest(payload: payload([:]))
        #expect(request.content == [.text("hello")])
        #expect(request.sessionID == session)
        #expect(request.parentMessageID == nil)
        #expect(request.wishes == StreamWishes())
    }

    @Test func everyPartIsRead() throws {
        let content: JSONValue = [
            ["type": "text", "text": "a"],
            ["type": "code", "code": "b", "language": "swift"],
            ["type": "image", "image_url": "https://x.org/i"],
            ["type": "audio", "audio_url": "https://x.org/a", "mime_type": "audio/ogg", "duration_seconds": 1],
            ["type": "video", "video_url": "https://x.org/v"],
            ["type": "document", "document_url": "https://x.org/d", "filename": "d.pdf"],
        ]
        let request = try SendMessageRequest(payload: payload(["content": content]))
        #expect(JSONValue.array(request.content.map(\.json)) == content)
    }

    @Test(
        arguments: [
            (["content": ""], ["payload.content invalid_value"]),
            (["content": []], ["payload.content invalid_value"]),
            (["content": 5], ["payload.content wrong_type"]),
            (["content": nil], ["payload.content required"]),
            (["content": ["a"]], ["payload.content[0] wrong_type"]),
            (
                ["content": [["type": "poem", "text": "a"]]],
                ["payload.content[0].type invalid_value", "payload.content[0].text unknown_field"]
            ),
            (["content": [["type": "text"]]], ["payload.content[0].text required"]),
            (["content": [["type": "text", "text": "a", "bold": true]]], ["payload.content[0].bold unknown_field"]),
            (["content": [["type": "image", "image_url": "ftp://x"]]], ["payload.content[0].image_url malformed"]),
            (
                ["content": [["type": "audio", "audio_url": "http://x", "duration_seconds": -1]]],
                ["payload.content[0].duration_seconds invalid_value"]
            ),
            (["session_id": "x"], ["payload.session_id malformed"]),
            (["session_id": 7], ["payload.session_id wrong_type"]),
            (["parent_message_id": "x"], ["payload.parent_message_id malformed"]),
            (["file_urls": ["http://x", "nope"]], ["payload.file_urls[1] malformed"]),
            (["enabled_capabilities": [1]], ["payload.enabled_capabilities[0] wrong_type"]),
            (["on_busy": "wait"], ["payload.on_busy invalid_value"]),
            (["extra": 1, "other": nil], ["payload.extra unknown_field", "payload.other unknown_field"]),
            (["session_id": "x", "content": 5], ["payload.session_id malformed", "payload.content wrong_type"]),
        ] as [(JSONObject, [String])]
    )
    func namesEveryFieldAtFault(_ fields: JSONObject, _ expected: [String]) {
        #expect(errors(payload(fields)) == expected)
    }

    @Test func theDigestTellsRequestsApart() throws {
        let one = try SendMessageRequest(payload: payload([:]))
        let same = try SendMessageRequest(payload: payload(["content": [["text": "hello", "type": "text"]]]))
        let other = try SendMessageRequest(payload: payload(["content": "hello!"]))
        #expect(one.digest == same.digest)
        #expect(one.digest != other.digest)
    }
}
