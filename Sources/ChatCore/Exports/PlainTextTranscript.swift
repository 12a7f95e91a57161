/// A transcript without any markup: what a message says is indented, so that nothing in it passes for a message.
struct PlainTextTranscript: TranscriptRenderer {
    private var owner = ""
    private var scope = ExportScope.active

    mutating func begin(_ transcript: Transcript, exportedAt: Timestamp) -> [UInt8] {
        owner = transcript.session.clientID.rawValue
        scope = transcript.scope
        let session = transcript.session
        var text = ExportText.line(session.metadata["title"]?.stringValue ?? "Conversation") + "\n\n"
        text += "Session  \(session.id)\nBegun    \(session.createdAt)\nExported \(exportedAt)\n"
        switch scope {
        case .active: text += "Messages of the active path\n"
        case .all: text += "Messages of every branch, in the order of creation\n"
        }
        return Array(text.utf8)
    }

    mutating func messages(_ messages: [Message]) -> [UInt8] {
        var text = ""
        for message in messages { append(message, to: &text) }
        return Array(text.utf8)
    }

    mutating func end() -> [UInt8] { [] }

    private func append(_ message: Message, to text: inout String) {
        text += "\n[\(message.createdAt)] \(message.speaker)\(notes(on: message))\n"
        for part in message.content {
            switch part {
            case .text(let content):
                append(content, indentation: "    ", to: &text)
            case .code(let code, let language):
                text += "    [code\(language.map { ": \(ExportText.line($0))" } ?? "")]\n"
                append(code, indentation: "    | ", to: &text)
            default:
                guard let media = part.media else { continue }
                append(media.kind, media.name, media.url, to: &text)
            }
        }
        for url in message.fileURLs { append("File", nil, url, to: &text) }
    }

    private func notes(on message: Message) -> String {
        var notes: [String] = []
        if message.authorID != owner { notes.append("by \(ExportText.line(message.authorID))") }
        if let interruption = message.interruption { notes.append(interruption) }
        if scope == .all {
            if message.totalVariants > 1 {
                let mark = message.isActive ? ", active" : ""
                notes.append("variant \(message.variantIndex + 1) of \(message.totalVariants)\(mark)")
            }
            notes.append("message \(message.id)")
            if let parent = message.parentMessageID { notes.append("after \(parent)") }
        }
        return notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
    }

    private func append(_ content: String, indentation: String, to text: inout String) {
        for line in ExportText.lines(of: content) { text += "\(indentation)\(line)\n" }
    }

    private func append(_ kind: String, _ name: String?, _ url: String, to text: inout String) {
        let name = name.map { " \(ExportText.line($0))" } ?? ""
        text += "    [\(kind.lowercased())]\(name) \(ExportText.line(url))\n"
    }
}
