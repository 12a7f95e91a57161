/// A conversation as OpenAI-compatible servers take it.
enum ChatMessages {
    /// The messages of a call: what the operator tells the model, the path of the tree, and what is asked now.
    static func from(
        system: String?,
        history: [WebhookRequest.Message],
        message: WebhookRequest.Message?
    ) -> [JSONValue] {
        var messages: [JSONValue] = []
        if let system { messages.append(["role": "system", "content": .string(system)]) }
        messages += (history + (message.map { [$0] } ?? [])).compactMap(chatMessage)
        return messages
    }

    /// `nil` for a message with nothing in it.
    private static func chatMessage(_ message: WebhookRequest.Message) -> JSONValue? {
        // Only users may show pictures; elsewhere they are links.
        let parts =
            message.content.compactMap { part(of: $0, showsImages: message.role == "user") }
            + (message.fileURLs ?? []).map { .text("[file](\($0))") }
        guard !parts.isEmpty else { return nil }
        let texts = parts.compactMap { part -> String? in if case .text(let text) = part { text } else { nil } }
        // Many servers know no other content than text.
        let content: JSONValue =
            texts.count == parts.count ? .string(texts.joined(separator: "\n\n")) : .array(parts.map(\.json))
        return ["role": .string(message.role), "content": content]
    }

    private enum Part {
        case text(String)
        case image(String)

        var json: JSONValue {
            switch self {
            case .text(let text): ["type": "text", "text": .string(text)]
            case .image(let url): ["type": "image_url", "image_url": ["url": .string(url)]]
            }
        }
    }

    private static func part(of part: WebhookRequest.ContentPart, showsImages: Bool) -> Part? {
        switch part.type {
        case "text": part.text.flatMap { $0.isEmpty ? nil : .text($0) }
        case "code": part.code.map { .text(fenced($0, language: part.language)) }
        case "image": part.imageURL.map { showsImages ? .image($0) : .text("[image](\($0))") }
        case "audio": part.audioURL.map { .text("[audio](\($0))") }
        case "video": part.videoURL.map { .text("[video](\($0))") }
        case "document": part.documentURL.map { .text("[\(part.filename ?? "document")](\($0))") }
        default: nil
        }
    }

    /// The fence is longer than any row of backticks in the code.
    private static func fenced(_ code: String, language: String?) -> String {
        var longest = 2
        var row = 0
        for character in code {
            row = character == "`" ? row + 1 : 0
            longest = max(longest, row)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence)\(language ?? "")\n\(code)\n\(fence)"
    }
}
