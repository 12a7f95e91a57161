/// Text of other people's making, made fit for a transcript.
enum ExportText {
    /// The lines of a text, whatever ends them.
    static func lines(of text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r":
                lines.append(String(line))
                line = String.UnicodeScalarView()
            default: line.append(isPrintable(scalar) ? scalar : "\u{FFFD}")
            }
            previous = scalar
        }
        lines.append(String(line))
        return lines
    }

    /// The text as one line.
    static func line(_ text: String) -> String { lines(of: text).joined(separator: " ") }

    /// A terminal acts on control characters.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
    }
}

extension Message {
    /// The role as a heading.
    var speaker: String {
        switch role {
        case .user: "User"
        case .assistant: "Assistant"
        case .system: "System"
        }
    }

    /// Why an answer is not whole; `nil` when it is.
    var interruption: String? {
        switch state {
        case .complete: nil
        case .timedOut: "timed out"
        case .streaming, .stopped, .failed, .abandoned, .interrupted: state.rawValue
        }
    }
}

extension ContentPart {
    /// A part that is a file elsewhere: what it is, what it is called, and where it is.
    var media: (kind: String, name: String?, url: String)? {
        switch self {
        case .text, .code: nil
        case .image(let url, _): ("Image", nil, url)
        case .audio(let url, _, _): ("Audio", nil, url)
        case .video(let url, _): ("Video", nil, url)
        case .document(let url, _, let filename): ("Document", filename, url)
        }
    }
}
