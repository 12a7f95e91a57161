/// The body of a webhook call, as far as this backend looks at it.
struct WebhookRequest: Decodable, Sendable {
    struct Message: Decodable, Sendable {
        var role: String
        var content: [ContentPart]
        var fileURLs: [String]?

        enum CodingKeys: String, CodingKey {
            case role, content
            case fileURLs = "file_urls"
        }
    }

    /// A part of a message; which members it has depends on its type.
    struct ContentPart: Decodable, Sendable {
        var type: String
        var text: String?
        var code: String?
        var language: String?
        var imageURL: String?
        var audioURL: String?
        var videoURL: String?
        var documentURL: String?
        var filename: String?

        enum CodingKeys: String, CodingKey {
            case type, text, code, language, filename
            case imageURL = "image_url"
            case audioURL = "audio_url"
            case videoURL = "video_url"
            case documentURL = "document_url"
        }
    }

    struct Capability: Decodable, Sendable {
        var id: String
    }

    enum CodingKeys: String, CodingKey {
        case event, message, history
        case sessionID = "session_id"
        case enabledCapabilities = "enabled_capabilities"
        case summarizationSettings = "summarization_settings"
    }

    var event: String
    var sessionID: String?
    var message: Message?
    var history: [Message]?
    var enabledCapabilities: [Capability]?
    var summarizationSettings: [String: JSONValue]?
}
