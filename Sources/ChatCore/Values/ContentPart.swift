/// One part of a message's content, by `type` (`contract/rest.md`, 'Shapes').
public enum ContentPart: Hashable, Sendable {
    case text(String)
    case code(String, language: String?)
    case image(url: String, mimeType: String?)
    case audio(url: String, mimeType: String?, durationSeconds: JSONNumber?)
    case video(url: String, mimeType: String?)
    case document(url: String, mimeType: String?, filename: String?)

    public var json: JSONValue {
        var fields: JSONObject
        switch self {
        case .text(let text):
            fields = ["type": "text", "text": .string(text)]
        case .code(let code, let language):
            fields = ["type": "code", "code": .string(code)]
            if let language { fields["language"] = .string(language) }
        case .image(let url, let mimeType):
            fields = ["type": "image", "image_url": .string(url)]
            if let mimeType { fields["mime_type"] = .string(mimeType) }
        case .audio(let url, let mimeType, let durationSeconds):
            fields = ["type": "audio", "audio_url": .string(url)]
            if let mimeType { fields["mime_type"] = .string(mimeType) }
            if let durationSeconds { fields["duration_seconds"] = .number(durationSeconds) }
        case .video(let url, let mimeType):
            fields = ["type": "video", "video_url": .string(url)]
            if let mimeType { fields["mime_type"] = .string(mimeType) }
        case .document(let url, let mimeType, let filename):
            fields = ["type": "document", "document_url": .string(url)]
            if let mimeType { fields["mime_type"] = .string(mimeType) }
            if let filename { fields["filename"] = .string(filename) }
        }
        return .object(fields)
    }
}
