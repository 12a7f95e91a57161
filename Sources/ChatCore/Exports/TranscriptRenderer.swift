/// Turns a transcript into the bytes of a file, piece by piece.
protocol TranscriptRenderer: Sendable {
    mutating func begin(_ transcript: Transcript, exportedAt: Timestamp) -> [UInt8]
    mutating func messages(_ messages: [Message]) -> [UInt8]
    mutating func end() -> [UInt8]
}

extension ExportFormat {
    var renderer: any TranscriptRenderer {
        switch self {
        case .json: JSONTranscript()
        case .markdown: MarkdownTranscript()
        case .txt: PlainTextTranscript()
        }
    }
}
