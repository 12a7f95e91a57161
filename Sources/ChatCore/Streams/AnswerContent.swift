/// The content of an answer as it grows: neighbouring chunks of the same type (and language) merge into one part.
public struct AnswerContent: Sendable {
    private struct Part {
        let kind: StreamChunk.Kind
        var text: String
        let attributes: JSONObject

        func mergesWith(_ chunk: StreamChunk) -> Bool {
            switch (kind, chunk.kind) {
            case (.text, .text): true
            case (.code, .code): attributes["language"] == chunk.attributes["language"]
            default: false
            }
        }
    }

    private var growing: [Part] = []
    /// Bytes of text, code and URLs held.
    public private(set) var byteCount = 0

    public init() {}

    public var isEmpty: Bool { growing.isEmpty }

    public mutating func append(_ chunk: StreamChunk) {
        byteCount += chunk.content.utf8.count
        // In place: another reference to the part would have each chunk copy all the text there is.
        if let last = growing.indices.last, growing[last].mergesWith(chunk) {
            growing[last].text += chunk.content
        } else {
            growing.append(Part(kind: chunk.kind, text: chunk.content, attributes: chunk.attributes))
        }
    }

    /// The parts so far. Text and code that are empty are left out.
    public var parts: [ContentPart] {
        growing.compactMap { part in
            func text(_ name: String) -> String? { part.attributes[name]?.stringValue }
            switch part.kind {
            case .text: return part.text.isEmpty ? nil : .text(part.text)
            case .code: return part.text.isEmpty ? nil : .code(part.text, language: text("language"))
            case .image: return .image(url: part.text, mimeType: text("mime_type"))
            case .audio:
                var duration: JSONNumber?
                if case .number(let number)? = part.attributes["duration_seconds"] { duration = number }
                return .audio(url: part.text, mimeType: text("mime_type"), durationSeconds: duration)
            case .video: return .video(url: part.text, mimeType: text("mime_type"))
            case .document: return .document(url: part.text, mimeType: text("mime_type"), filename: text("filename"))
            }
        }
    }
}
