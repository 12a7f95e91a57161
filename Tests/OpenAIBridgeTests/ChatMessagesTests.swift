import Foundation
import Testing

@testable import OpenAIBridge

@Suite struct ChatMessagesTests {
    private func messages(_ call: String, system: String? = nil) throws -> [JSONValue] {
        let call = try JSONDecoder().decode(WebhookRequest.self, from: Data(call.utf8))
        return ChatMessages.from(system: system, history: call.history ?? [], message: call.message)
    }

    @Test func `The path comes first, the new message last`() throws {
        let messages = try messages(
            #"""
            {"event": "message.new", "message": {"role": "user", "content": [{"type": "text", "text": "And now?"}]},
             "history": [{"role": "user", "content": [{"type": "text", "text": "Hello"}], "file_urls": []},
                         {"role": "assistant", "content": [{"type": "text", "text": "Hi"}], "file_urls": []}]}
            """#,
            system: "Be kind."
        )
        #expect(
            messages == [
                ["role": "system", "content": "Be kind."], ["role": "user", "content": "Hello"],
                ["role": "assistant", "content": "Hi"], ["role": "user", "content": "And now?"],
            ]
        )
    }

    @Test func `Code is fenced, files are links, a user's pictures are shown`() throws {
        let messages = try messages(
            #"""
            {"event": "message.new", "message": {"role": "user", "file_urls": ["https://a.example/notes.txt"], "content": [
                {"type": "text", "text": "Look"}, {"type": "code", "code": "print('```')", "language": "python"},
                {"type": "image", "image_url": "https://a.example/p.png"},
                {"type": "audio", "audio_url": "https://a.example/s.ogg"},
                {"type": "video", "video_url": "https://a.example/v.mp4"},
                {"type": "document", "document_url": "https://a.example/d.pdf", "filename": "d.pdf"},
                {"type": "hologram", "hologram_url": "https://a.example/h"}]}}
            """#
        )
        let parts: JSONValue = [
            ["type": "text", "text": "Look"],
            ["type": "text", "text": "````python\nprint('```')\n````"],
            ["type": "image_url", "image_url": ["url": "https://a.example/p.png"]],
            ["type": "text", "text": "[audio](https://a.example/s.ogg)"],
            ["type": "text", "text": "[video](https://a.example/v.mp4)"],
            ["type": "text", "text": "[d.pdf](https://a.example/d.pdf)"],
            ["type": "text", "text": "[file](https://a.example/notes.txt)"],
        ]
        #expect(messages == [["role": "user", "content": parts]])
    }

    @Test func `An assistant's picture is a link, and what is only text is text`() throws {
        let messages = try messages(
            #"""
            {"event": "message.recreate", "history": [
                {"role": "assistant", "content": [{"type": "text", "text": "See"},
                                                  {"type": "image", "image_url": "https://a.example/p.png"}]},
                {"role": "user", "content": [{"type": "text", "text": ""}]}]}
            """#
        )
        #expect(messages == [["role": "assistant", "content": "See\n\n[image](https://a.example/p.png)"]])
    }
}
