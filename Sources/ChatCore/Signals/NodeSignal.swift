/// What nodes say to each other over the bus, as one line of JSON on the receiver's channel.
public enum NodeSignal: Hashable, Sendable {
    /// Stop this stream of yours and confirm to `replyTo`.
    case stop(StopRequest, requestID: String, replyTo: NodeID)
    /// The stream asked about has ended so; `nil` when it does not run here.
    case stopConfirmed(requestID: String, state: Message.State?)

    public func encode() -> [UInt8] {
        switch self {
        case .stop(let request, let requestID, let replyTo):
            let json: JSONValue = [
                "type": "stop",
                "client_id": .string(request.clientID.rawValue),
                "message_id": .string(request.messageID.description),
                "request_id": .string(requestID),
                "reply_to": .string(replyTo.description),
            ]
            return json.bytes
        case .stopConfirmed(let requestID, let state):
            let json: JSONValue = [
                "type": "stop_confirmed",
                "request_id": .string(requestID),
                "state": state.map { .string($0.rawValue) } ?? .null,
            ]
            return json.bytes
        }
    }

    /// `nil` for bytes that are no signal this version knows.
    public static func decode(_ bytes: [UInt8]) -> NodeSignal? {
        guard let json = try? JSONParser.parse(bytes), let requestID = json["request_id"]?.stringValue else {
            return nil
        }
        switch json["type"]?.stringValue {
        case "stop":
            guard let client = json["client_id"]?.stringValue.flatMap({ ClientID($0) }),
                let message = json["message_id"]?.stringValue.flatMap({ MessageID($0) }),
                let replyTo = json["reply_to"]?.stringValue.flatMap({ NodeID($0) })
            else { return nil }
            let request = StopRequest(clientID: client, messageID: message)
            return .stop(request, requestID: requestID, replyTo: replyTo)
        case "stop_confirmed":
            return .stopConfirmed(
                requestID: requestID,
                state: json["state"]?.stringValue.flatMap { Message.State(rawValue: $0) }
            )
        default:
            return nil
        }
    }
}
