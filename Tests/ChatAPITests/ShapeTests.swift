import ChatCore
import Testing

@testable import ChatAPI

/// The shapes written directly are those of ChatCore.
@Suite struct ShapeTests {
    private func written(_ write: (inout JSONWriter) -> Void) throws -> JSONValue {
        var writer = JSONWriter()
        write(&writer)
        return try JSONParser.parse(writer.bytes)
    }

    @Test func aSession() throws {
        let session = try Sample.session()
        #expect(try written { $0.session(session) } == session.json)
    }

    @Test(arguments: [Message.Role.user, .assistant, .system])
    func aMessage(role: Message.Role) throws {
        let session = try Sample.session()
        let parts: [ContentPart] = [
            .text("«Hej»\u{1}"), .code("let a = 1", language: "swift"),
            .image(url: "https://a.example/1", mimeType: nil),
            .audio(url: "https://a.example/2", mimeType: "audio/ogg", durationSeconds: JSONNumber(1.5)),
            .video(url: "https://a.example/3", mimeType: nil),
            .document(url: "https://a.example/4", mimeType: nil, filename: "a.pdf"),
        ]
        for state in Message.State.allCases {
            for parent in [nil, MessageID.make()] {
                let message = Sample.message(in: session, role: role, state: state, parent: parent, content: parts)
                #expect(try written { $0.message(message) } == message.json)
            }
        }
    }

    @Test(arguments: [
        ("abc", "abc"), ("a%20b+c", "a b c"), ("%C3%B6", "ö"), ("%", nil), ("%4", nil), ("%G0", nil), ("%FF", nil),
    ])
    func percentEncodingIsUndone(encoded: String, text: String?) {
        #expect(PercentEncoding.decode(encoded[...]) == text)
    }
}
