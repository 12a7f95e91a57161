import ChatCore
import Testing

@testable import ChatStorage

@Suite struct StoredContentTests {
    @Test(arguments: [
        ContentPart.text("a"), .code("let a", language: "swift"), .code("let a", language: nil),
        .image(url: "http://a.example", mimeType: "image/png"),
        .audio(url: "http://a.example", mimeType: nil, durationSeconds: JSONNumber(12.5)),
        .video(url: "http://a.example", mimeType: "video/mp4"),
        .document(url: "http://a.example", mimeType: nil, filename: "a.pdf"),
        // More than a request may hold, but a backend said it.
        .code("x", language: String(repeating: "l", count: 1000)),
    ])
    func readsWhatItWrites(_ part: ContentPart) {
        #expect(ContentPart(stored: part.json) == part)
    }

    @Test(arguments: [JSONValue.null, "text", [], [:], ["type": "text"], ["type": "hologram", "text": "a"]])
    func whatIsNoPartIsNotRead(_ json: JSONValue) {
        #expect(ContentPart(stored: json) == nil)
    }
}
