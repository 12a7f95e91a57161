/// What nodes say to each other over the bus, as one line of JSON on the receiver's channel.
enum NodeSignal: Hashable, Sendable {
    /// Stop this stream of yours and confirm.
    case stop(StopRequest, reply: ReplyAddress)
    /// The stream asked about has ended so; `nil` when it does not run here.
    case stopConfirmed(requestID: String, state: Message.State?)
    /// Send the chunks of this stream of yours from that number on.
    case fetch(FetchRequest, reply: ReplyAddress)
    /// The viewer goes on watching that stream of yours from that number on, and can take nothing just now.
    case watching(FetchRequest)
    /// `nil` when the stream asked about does not run here.
    case fetched(requestID: String, chunks: FetchedChunks?)

    /// Where an answer goes.
    struct ReplyAddress: Hashable, Sendable {
        var requestID: String
        var node: NodeID
    }
}

/// A viewer on one node asks for chunks of a stream that runs on another.
struct FetchRequest: Hashable, Sendable {
    var clientID: ClientID
    var messageID: MessageID
    /// The same for all requests of one viewer.
    var viewerID: String
    var next: Int
}

extension NodeSignal {
    private enum Kind: String {
        case stop
        case stopConfirmed = "stop_confirmed"
        case fetch
        case watching
        case fetched
    }

    /// What a node's chunks are, in `fetched`.
    private enum Held: String {
        case chunks, saved, ended, unknown
    }

    func encode() -> [UInt8] {
        switch self {
        case .stop(let request, let reply):
            return Self.encode(.stop, requestID: reply.requestID) { fields in
                fields["client_id"] = .string(request.clientID.rawValue)
                fields["message_id"] = .string(request.messageID.description)
                fields["reply_to"] = .string(reply.node.description)
            }
        case .stopConfirmed(let requestID, let state):
            return Self.encode(.stopConfirmed, requestID: requestID) { fields in
                fields["state"] = state.map { .string($0.rawValue) } ?? .null
            }
        case .fetch(let request, let reply):
            return Self.encode(.fetch, requestID: reply.requestID) { fields in
                Self.add(request, to: &fields)
                fields["reply_to"] = .string(reply.node.description)
            }
        case .watching(let request):
            return Self.encode(.watching, requestID: request.viewerID) { Self.add(request, to: &$0) }
        case .fetched(let requestID, let chunks):
            return Self.encode(.fetched, requestID: requestID) { fields in
                let held: Held =
                    switch chunks {
                    case .chunks: .chunks
                    case .saved: .saved
                    case .ended: .ended
                    case nil: .unknown
                    }
                fields["held"] = .string(held.rawValue)
                // As texts, so that each arrives as the backend wrote it.
                if case .chunks(let chunks)? = chunks { fields["chunks"] = .array(chunks.map { .string($0) }) }
            }
        }
    }

    private static func encode(_ kind: Kind, requestID: String, _ add: (inout JSONObject) -> Void) -> [UInt8] {
        var fields: JSONObject = ["type": .string(kind.rawValue), "request_id": .string(requestID)]
        add(&fields)
        return JSONValue.object(fields).bytes
    }

    private static func add(_ request: FetchRequest, to fields: inout JSONObject) {
        fields["client_id"] = .string(request.clientID.rawValue)
        fields["message_id"] = .string(request.messageID.description)
        fields["viewer_id"] = .string(request.viewerID)
        fields["next_chunk"] = .integer(request.next)
    }

    /// `nil` for bytes that are no signal this version knows.
    static func decode(_ bytes: [UInt8]) -> NodeSignal? {
        guard let json = try? JSONParser.parse(bytes), let requestID = json["request_id"]?.stringValue,
            let kind = json["type"]?.stringValue.flatMap({ Kind(rawValue: $0) })
        else { return nil }
        switch kind {
        case .stop:
            guard let client = clientID(in: json), let message = messageID(in: json),
                let reply = replyAddress(in: json, requestID: requestID)
            else { return nil }
            return .stop(StopRequest(clientID: client, messageID: message), reply: reply)
        case .stopConfirmed:
            let state = json["state"]?.stringValue.flatMap { Message.State(rawValue: $0) }
            return .stopConfirmed(requestID: requestID, state: state)
        case .fetch:
            guard let request = fetchRequest(in: json), let reply = replyAddress(in: json, requestID: requestID) else {
                return nil
            }
            return .fetch(request, reply: reply)
        case .watching: return fetchRequest(in: json).map { .watching($0) }
        case .fetched:
            guard let held = json["held"]?.stringValue.flatMap({ Held(rawValue: $0) }) else { return nil }
            return .fetched(requestID: requestID, chunks: fetched(held, in: json))
        }
    }

    private static func fetchRequest(in json: JSONValue) -> FetchRequest? {
        guard let client = clientID(in: json), let message = messageID(in: json),
            let viewer = json["viewer_id"]?.stringValue, case .number(let number)? = json["next_chunk"],
            let next = number.integer, next >= 0
        else { return nil }
        return FetchRequest(clientID: client, messageID: message, viewerID: viewer, next: Int(next))
    }

    private static func fetched(_ held: Held, in json: JSONValue) -> FetchedChunks? {
        switch held {
        case .chunks: .chunks(json["chunks"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        case .saved: .saved
        case .ended: .ended
        case .unknown: nil
        }
    }

    private static func clientID(in json: JSONValue) -> ClientID? {
        json["client_id"]?.stringValue.flatMap { ClientID($0) }
    }

    private static func messageID(in json: JSONValue) -> MessageID? {
        json["message_id"]?.stringValue.flatMap { MessageID($0) }
    }

    private static func replyAddress(in json: JSONValue, requestID: String) -> ReplyAddress? {
        json["reply_to"]?.stringValue.flatMap { NodeID($0) }.map { ReplyAddress(requestID: requestID, node: $0) }
    }
}
