public import ChatCore

/// What a gateway sends: `{id, type, payload, timestamp}`.
public struct Envelope: Sendable, CustomStringConvertible {
    public var id: String
    public var type: String
    public var payload: JSONValue
    public var timestamp: String

    /// - Throws: ``TestSupportError`` when it is no envelope after `contract/websocket.md`.
    public init(_ json: JSONValue) throws {
        guard let id = json["id"]?.stringValue, let type = json["type"]?.stringValue, let payload = json["payload"],
            payload.objectValue != nil, let timestamp = json["timestamp"]?.stringValue, json.objectValue?.count == 4
        else { throw TestSupportError("not an envelope: \(json.text)") }
        self.id = id
        self.type = type
        self.payload = payload
        self.timestamp = timestamp
    }

    /// The member of the payload of that name.
    public subscript(name: String) -> JSONValue? { payload[name] }

    /// A string of the payload; empty when there is none of that name.
    public func string(_ name: String) -> String { payload[name]?.stringValue ?? "" }

    public var requestID: String? { payload["request_id"]?.stringValue }

    public var description: String {
        let text = payload.text
        return "\(type) \(text.count > 300 ? text.prefix(300) + "…" : text)"
    }
}
