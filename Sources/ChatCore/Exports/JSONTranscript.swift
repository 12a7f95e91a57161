/// The complete export (docs/export.schema.json): one object, a message a line.
struct JSONTranscript: TranscriptRenderer {
    /// Raised when a reader of the old form could not read the new one.
    static let version = 1

    private var count = 0

    mutating func begin(_ transcript: Transcript, exportedAt: Timestamp) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.beginObject()
        writer.name("format")
        writer.string("chat-engine-export")
        writer.name("version")
        writer.integer(Self.version)
        writer.name("exported_at")
        writer.string(exportedAt.description)
        writer.name("scope")
        writer.string(transcript.scope.rawValue)
        writer.name("session")
        writer.value(transcript.session.json)
        writer.name("messages")
        writer.beginArray()
        return writer.bytes
    }

    mutating func messages(_ messages: [Message]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1024 * messages.count)
        for message in messages {
            bytes += count == 0 ? "\n".utf8 : ",\n".utf8
            bytes += message.json.bytes
            count += 1
        }
        return bytes
    }

    /// The count comes last: a file that was cut lacks it.
    mutating func end() -> [UInt8] { Array("\n],\"message_count\":\(count)}\n".utf8) }
}
