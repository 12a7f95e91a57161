import ChatCore

extension ContentPart {
    /// Reads a part that was stored. Limits of requests do not apply: a backend may have given more than a client may.
    init?(stored json: JSONValue) {
        func text(_ name: String) -> String? { json[name]?.stringValue }
        switch text("type") {
        case "text":
            guard let text = text("text") else { return nil }
            self = .text(text)
        case "code":
            guard let code = text("code") else { return nil }
            self = .code(code, language: text("language"))
        case "image":
            guard let url = text("image_url") else { return nil }
            self = .image(url: url, mimeType: text("mime_type"))
        case "audio":
            guard let url = text("audio_url") else { return nil }
            let duration: JSONNumber? = if case .number(let number)? = json["duration_seconds"] { number } else { nil }
            self = .audio(url: url, mimeType: text("mime_type"), durationSeconds: duration)
        case "video":
            guard let url = text("video_url") else { return nil }
            self = .video(url: url, mimeType: text("mime_type"))
        case "document":
            guard let url = text("document_url") else { return nil }
            self = .document(url: url, mimeType: text("mime_type"), filename: text("filename"))
        default:
            return nil
        }
    }
}
