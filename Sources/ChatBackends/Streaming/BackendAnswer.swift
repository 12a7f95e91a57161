internal import ChatCore
internal import NIOCore

/// What a plain `application/json` answer says.
enum BackendAnswer {
    /// The answer `{content: [ContentPart] | string, metadata?}` as the events of a stream; of a summary also
    /// `{summary: string, metadata?}`.
    ///
    /// - Throws: ``BackendFailure`` when it is something else.
    static func events(_ body: ByteBuffer, to event: WebhookEvent) throws(BackendFailure) -> [BackendEvent] {
        let members = try object(body)
        let metadata = try metadata(of: members)
        var events: [BackendEvent] = []
        switch members["content"] ?? (event == .sessionSummary ? members["summary"] : nil) {
        case .string(let text)?:
            if !text.isEmpty {
                events.append(.chunk(try StreamChunk(contentPart: ["type": "text", "text": .string(text)])))
            }
        case .array(let parts)?:
            events.reserveCapacity(parts.count + 1)
            for part in parts { events.append(.chunk(try StreamChunk(contentPart: part))) }
        default:
            throw BackendFailure(.malformed, "The answer has no content")
        }
        events.append(.complete(metadata: metadata))
        return events
    }

    /// They are stored with every session and told to all of a client's connections.
    private static let maximumCapabilityBytes = 1 << 20

    /// The answer to `session.created`: `{available_capabilities: [Capability]}`.
    ///
    /// - Throws: ``BackendFailure`` when it is something else.
    static func capabilities(_ body: ByteBuffer) throws(BackendFailure) -> [Capability] {
        guard body.readableBytes <= maximumCapabilityBytes else {
            throw BackendFailure(.malformed, "The capabilities are more than \(maximumCapabilityBytes) bytes")
        }
        guard case .array(let values)? = try object(body)["available_capabilities"] else {
            throw BackendFailure(.malformed, "The answer has no available_capabilities")
        }
        var capabilities: [Capability] = []
        capabilities.reserveCapacity(values.count)
        for value in values {
            guard let capability = Capability(value) else {
                throw BackendFailure(.malformed, "A capability is no object with an id")
            }
            capabilities.append(capability)
        }
        return capabilities
    }

    /// The answer to `session_type.health_check`: `{status, version, capabilities}`, of which the status alone must be
    /// there.
    ///
    /// - Throws: ``BackendFailure`` when it is something else.
    static func health(_ body: ByteBuffer) throws(BackendFailure) -> BackendHealth {
        let members = try object(body)
        guard let status = members["status"]?.stringValue.flatMap({ BackendHealth.Status(rawValue: $0) }) else {
            throw BackendFailure(.malformed, "The answer has none of the statuses there are")
        }
        let version: String?
        switch members["version"] {
        case nil, .null?: version = nil
        case .string(let text)?: version = text
        default: throw BackendFailure(.malformed, "The version is no text")
        }
        let capabilities: [JSONValue]
        switch members["capabilities"] {
        case nil, .null?: capabilities = []
        case .array(let values)?: capabilities = values
        default: throw BackendFailure(.malformed, "The capabilities are no array")
        }
        return BackendHealth(status: status, version: version, capabilities: capabilities)
    }

    /// The member `metadata` of an answer or a `complete` event; empty when there is none.
    static func metadata(of members: JSONObject) throws(BackendFailure) -> JSONObject {
        switch members["metadata"] {
        case nil, .null?: return [:]
        case .object(let metadata)?: return metadata
        default: throw BackendFailure(.malformed, "The metadata is no object")
        }
    }

    private static func object(_ body: ByteBuffer) throws(BackendFailure) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONParser.parse(body.readableBytesView)
        } catch {
            throw BackendFailure(.malformed, "The answer is not valid JSON", underlyingError: error)
        }
        guard case .object(let members) = value else {
            throw BackendFailure(.malformed, "The answer is no object")
        }
        return members
    }
}
