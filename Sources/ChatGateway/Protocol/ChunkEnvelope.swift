import ChatCore

/// Writes the chunk envelopes of one stream. This is the hot path: everything that is the same for all chunks of the
/// stream is written once.
struct ChunkEnvelope: Sendable {
    private let afterID: [UInt8]

    init(requestID: String, messageID: MessageID) {
        var writer = JSONWriter()
        writer.string(ServerEnvelope.Kind.streamingChunk.rawValue)
        let type = writer.bytes
        writer = JSONWriter()
        writer.string(requestID)
        let request = writer.bytes
        var bytes = Array("\",\"type\":".utf8)
        bytes += type
        bytes += Array(",\"payload\":{\"request_id\":".utf8)
        bytes += request
        bytes += Array(",\"message_id\":\"\(messageID)\",\"index\":".utf8)
        afterID = bytes
    }

    /// - Parameter chunk: the chunk as it goes to clients.
    func encode(_ chunk: String, index: Int) -> [UInt8] {
        let now = Timestamp.now
        var bytes: [UInt8] = []
        bytes.reserveCapacity(afterID.count + chunk.utf8.count + 128)
        bytes.append(contentsOf: "{\"id\":\"".utf8)
        bytes.append(contentsOf: EntityID<ServerEnvelope>.make(at: now).description.utf8)
        bytes.append(contentsOf: afterID)
        bytes.append(contentsOf: String(index).utf8)
        bytes.append(contentsOf: ",\"chunk\":".utf8)
        bytes.append(contentsOf: chunk.utf8)
        bytes.append(contentsOf: "},\"timestamp\":\"".utf8)
        bytes.append(contentsOf: now.description.utf8)
        bytes.append(contentsOf: "\"}".utf8)
        return bytes
    }
}
