import ChatCore

/// What a client sends: `{id, type, payload, timestamp?}` (`contract/websocket.md`).
struct ClientEnvelope: Hashable, Sendable {
    var id: String
    var type: String
    var payload: JSONValue
}

/// A client's message that is no envelope; the id is there when it could be read.
struct EnvelopeError: Error, Sendable {
    var requestID: String?
    var error: ChatError
}

extension ClientEnvelope {
    /// Reads one text message.
    ///
    /// - Throws: ``EnvelopeError`` with the contract's `INVALID_REQUEST`.
    init(_ bytes: some Sequence<UInt8>) throws(EnvelopeError) {
        let json: JSONValue
        do throws(JSONSyntaxError) {
            json = try JSONParser.parse(bytes)
        } catch {
            throw EnvelopeError(
                requestID: nil,
                error: .invalid("", "The message is not valid JSON: \(error)", .malformed)
            )
        }
        let requestID = json["id"]?.stringValue.flatMap { EntityID<ClientEnvelope>($0) }?.description
        do throws(ChatError) {
            var reader = try ObjectReader(json)
            let id = reader.identifier("id", required: true, as: EntityID<ClientEnvelope>.self)
            let type = reader.string("type", required: true, maximumBytes: 128)
            let payload = reader.object("payload", required: true)
            _ = reader.string("timestamp", maximumBytes: 64)
            try reader.finish()
            guard let id, let type, let payload else {
                throw .invalid("", "The message is not an envelope.", .invalidValue)
            }
            self.init(id: id.description, type: type, payload: .object(payload))
        } catch {
            throw EnvelopeError(requestID: requestID, error: error)
        }
    }
}
