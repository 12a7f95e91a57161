import ChatCore

/// Writes what the server sends: `{id, type, payload, timestamp}` (`contract/websocket.md`, 'Server → client').
enum ServerEnvelope {
    enum Kind: String, CaseIterable {
        case connectionReady = "connection.ready"
        case connectionError = "connection.error"
        case connectionDraining = "connection.draining"
        case connectionResync = "connection.resync"
        case responseSuccess = "response.success"
        case responseError = "response.error"
        case streamingStart = "message.streaming.start"
        case streamingChunk = "message.streaming.chunk"
        case streamingSnapshot = "message.streaming.snapshot"
        case streamingComplete = "message.streaming.complete"
        case streamingError = "message.streaming.error"
    }

    static func encode(_ kind: Kind, _ payload: JSONValue) -> [UInt8] {
        encode(type: kind.rawValue, payload: payload.text)
    }

    /// A push event; its `seq` is put into the payload.
    static func encode(_ event: PushEvent) -> [UInt8] {
        // The payload is an object the engine wrote, never an empty one: `{…}` becomes `{…,"seq":n}`.
        encode(type: event.kind.rawValue, payload: "\(event.payload.dropLast()),\"seq\":\(event.seq)}")
    }

    /// An envelope whose payload is written in place.
    ///
    /// - Parameter capacity: about how long the payload will be, in bytes.
    static func encode(
        _ kind: Kind,
        reserving capacity: Int,
        _ writePayload: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        encode(type: kind.rawValue, reserving: capacity, writePayload)
    }

    private static func encode(type: String, payload: String) -> [UInt8] {
        encode(type: type, reserving: payload.utf8.count) { $0.literal(payload) }
    }

    private static func encode(
        type: String,
        reserving capacity: Int,
        _ writePayload: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        let now = Timestamp.now
        var writer = JSONWriter(reservingCapacity: capacity + 160)
        writer.beginObject()
        writer.name("id")
        writer.string(EntityID<ServerEnvelope>.make(at: now).description)
        writer.name("type")
        writer.string(type)
        writer.name("payload")
        writePayload(&writer)
        writer.name("timestamp")
        writer.string(now.description)
        writer.endObject()
        return writer.bytes
    }
}

extension ServerEnvelope {
    static func responseError(_ error: ChatError, requestID: String?, traceID: String) -> [UInt8] {
        encode(.responseError, failure(error, requestID: requestID, traceID: traceID))
    }

    static func connectionError(_ error: ChatError, traceID: String) -> [UInt8] {
        encode(.connectionError, error.json(traceID: traceID))
    }

    static func streamingStart(
        requestID: String,
        message: MessageID,
        userMessage: MessageID?,
        session: SessionID
    ) -> [UInt8] {
        var payload: JSONObject = [
            "request_id": .string(requestID),
            "message_id": .string(message.description),
        ]
        if let userMessage { payload["user_message_id"] = .string(userMessage.description) }
        payload["session_id"] = .string(session.description)
        return encode(.streamingStart, .object(payload))
    }

    static func streamingSnapshot(
        _ content: [ContentPart],
        nextChunk: Int,
        message: MessageID,
        requestID: String
    ) -> [UInt8] {
        encode(
            .streamingSnapshot,
            [
                "request_id": .string(requestID),
                "message_id": .string(message.description),
                "content": .array(content.map(\.json)),
                "next_chunk": .integer(nextChunk),
            ]
        )
    }

    static func streamingComplete(_ result: StreamResult, message: MessageID, requestID: String) -> [UInt8] {
        var metadata: JSONObject = ["state": .string(result.state.rawValue)]
        for (name, value) in result.metadata where name != "state" { metadata[name] = value }
        var payload: JSONObject = [
            "request_id": .string(requestID),
            "message_id": .string(message.description),
            "chunks": .integer(result.chunks),
            "metadata": .object(metadata),
        ]
        // A summary is no message, and has no variants.
        if let message = result.message { payload["variant_info"] = message.variantInfo.json }
        return encode(.streamingComplete, .object(payload))
    }

    static func streamingError(
        _ error: ChatError,
        message: MessageID,
        requestID: String,
        traceID: String
    ) -> [UInt8] {
        var payload = failure(error, requestID: requestID, traceID: traceID)
        if case .object(var fields) = payload {
            fields["message_id"] = .string(message.description)
            payload = .object(fields)
        }
        return encode(.streamingError, payload)
    }

    private static func failure(_ error: ChatError, requestID: String?, traceID: String) -> JSONValue {
        var fields: JSONObject = ["request_id": requestID.map { .string($0) } ?? .null]
        if case .object(let shape) = error.json(traceID: traceID) {
            for (name, value) in shape { fields[name] = value }
        }
        return .object(fields)
    }
}
