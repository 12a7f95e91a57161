/// The body of a webhook call, as far as this backend looks at it.
struct WebhookRequest: Decodable, Sendable {
    struct Message: Decodable, Sendable {
        var role: String
        var content: [ContentPart]

        var text: String {
            content.compactMap(\.text).joined(separator: " ")
        }
    }

    struct ContentPart: Codable, Sendable {
        var type: String
        var text: String?
    }

    struct Capability: Codable, Sendable {
        var id: String
        var name: String?
    }

    enum CodingKeys: String, CodingKey {
        case event
        case sessionID = "session_id"
        case message
        case history
        case enabledCapabilities = "enabled_capabilities"
    }

    var event: String
    var sessionID: String?
    var message: Message?
    var history: [Message]?
    var enabledCapabilities: [Capability]?
}
