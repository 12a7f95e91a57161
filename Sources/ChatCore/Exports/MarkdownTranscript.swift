/// A transcript in CommonMark: a heading for each message, its text quoted, its code fenced, its media linked.
///
/// Nothing a message holds can end the quote or the fence it stands in, or pass for a heading.
struct MarkdownTranscript: TranscriptRenderer {
    private var owner = ""
    private var scope = ExportScope.active

    mutating func begin(_ transcript: Transcript, exportedAt: Timestamp) -> [UInt8] {
        owner = transcript.session.clientID.rawValue
        scope = transcript.scope
        let session = transcript.session
        var text = "# \(MarkdownText.inline(session.metadata["title"]?.stringValue ?? "Conversation"))\n\n"
        text += "- Session: `\(session.id)`\n- Begun: \(session.createdAt)\n- Exported: \(exportedAt)\n"
        switch scope {
        case .active: text += "- Messages: the active path\n"
        case .all:
            text +=
                "- Messages: every branch, in the order of creation. Each message names the one it comes after; where"
                + " several come after the same, they are its variants, and one of them is active.\n"
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
        text += "\n## \(message.speaker)\n\n\(notes(on: message))\n"
        for part in message.content {
            text += "\n"
            switch part {
            case .text(let content):
                text += QuotedMarkdown.text(of: content)
            case .code(let code, let language):
                text += MarkdownText.fenced(code, language: language)
            default:
                guard let media = part.media else { continue }
                text += MarkdownText.link(to: media.url, kind: media.kind, name: media.name)
            }
        }
        if !message.fileURLs.isEmpty { text += "\n" }
        for url in message.fileURLs { text += MarkdownText.link(to: url, kind: "File", name: nil) }
    }

    private func notes(on message: Message) -> String {
        var notes = [message.createdAt.description]
        if message.authorID != owner { notes.append("by \(MarkdownText.inline(message.authorID))") }
        if let interruption = message.interruption { notes.append(interruption) }
        if scope == .all {
            if message.totalVariants > 1 {
                let mark = message.isActive ? ", active" : ""
                notes.append("variant \(message.variantIndex + 1) of \(message.totalVariants)\(mark)")
            }
            notes.append("message `\(message.id)`")
            if let parent = message.parentMessageID { notes.append("after `\(parent)`") }
        }
        return notes.joined(separator: " · ")
    }
}

/// Pieces of Markdown.
enum MarkdownText {
    /// What may stand in the information of a fence, and how much of it.
    private static let languageMarks: Set<Unicode.Scalar> = ["+", "-", "_", ".", "#"]
    private static let longestLanguage = 32

    /// Code in a fence that is longer than any in it.
    static func fenced(_ code: String, language: String?) -> String {
        let lines = ExportText.lines(of: code)
        let fence = String(repeating: "`", count: max(3, 1 + (lines.map(longestRun).max() ?? 0)))
        let language = (language ?? "").unicodeScalars.filter { scalar in
            scalar.isASCII && scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || languageMarks.contains(scalar)
        }
        let information = String(String.UnicodeScalarView(language.prefix(longestLanguage)))
        return "\(fence)\(information)\n\(lines.joined(separator: "\n"))\n\(fence)\n"
    }

    /// An item of a list: `[kind: name](<url>)`.
    static func link(to url: String, kind: String, name: String?) -> String {
        let label = name.map { "\(kind): \(inline($0))" } ?? kind
        return "- [\(label)](<\(destination(url))>)\n"
    }

    /// Text in the midst of a line, in which nothing is markup.
    static func inline(_ text: String) -> String {
        var result = ""
        for scalar in ExportText.line(text).unicodeScalars {
            if "\\`*_[]<>&#!|~".unicodeScalars.contains(scalar) { result.unicodeScalars.append("\\") }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// A URL between `<` and `>`, where neither these, nor a backslash, nor the end of the line may stand.
    private static func destination(_ url: String) -> String {
        var result = ""
        for scalar in url.unicodeScalars {
            switch scalar {
            case "<": result += "%3C"
            case ">": result += "%3E"
            case "\\": result += "%5C"
            default:
                // A URL has no white space nor control characters (RFC 3986).
                if scalar.value > 0x20, !(0x7F...0x9F).contains(scalar.value) { result.unicodeScalars.append(scalar) }
            }
        }
        return result
    }

    private static func longestRun(in line: String) -> Int {
        line.utf8.split(whereSeparator: { $0 != UInt8(ascii: "`") }).map(\.count).max() ?? 0
    }
}
