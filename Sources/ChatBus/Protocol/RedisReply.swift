import CHiredis

/// What a server says in answer to the few commands this module sends, or to a subscriber on its own account.
enum RedisReply: Hashable, Sendable {
    case status(String)
    case error(String)
    case integer(Int)
    case bytes([UInt8])
    case null
    case message(channel: String, payload: [UInt8])
    case subscribed(channel: String)
    case unsubscribed(channel: String)
    /// The answer to `PING` on a connection with subscriptions; without any it is a status.
    case pong
    /// An array of another shape.
    case unknown

    /// Copies what `pointer` holds.
    init(copying pointer: UnsafePointer<redisReply>) {
        let reply = pointer.pointee
        switch reply.type {
        case REDIS_REPLY_STATUS: self = .status(String(decoding: reply.bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: reply.bytes, as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.integer))
        case REDIS_REPLY_STRING: self = .bytes(Array(reply.bytes))
        case REDIS_REPLY_NIL: self = .null
        case REDIS_REPLY_ARRAY: self = Self.push(reply)
        default: self = .unknown
        }
    }

    /// RESP2 pushes: `["message", channel, payload]`, `["subscribe" | "unsubscribe", channel, count]`, `["pong", text]`.
    private static func push(_ reply: redisReply) -> RedisReply {
        guard let kind = reply.bytes(at: 0), let subject = reply.bytes(at: 1) else { return .unknown }
        if reply.elements == 2, kind.elementsEqual("pong".utf8) { return .pong }
        guard reply.elements == 3 else { return .unknown }
        let channel = String(decoding: subject, as: UTF8.self)
        if kind.elementsEqual("message".utf8), let payload = reply.bytes(at: 2) {
            return .message(channel: channel, payload: Array(payload))
        }
        if kind.elementsEqual("subscribe".utf8) { return .subscribed(channel: channel) }
        if kind.elementsEqual("unsubscribe".utf8) { return .unsubscribed(channel: channel) }
        return .unknown
    }
}

extension redisReply {
    /// Valid as long as the reply.
    fileprivate var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: str, count: str == nil ? 0 : len)
    }

    /// The string at `index` of an array; nil when there is none.
    fileprivate func bytes(at index: Int) -> UnsafeRawBufferPointer? {
        guard index < elements, let pointer = element?[index], pointer.pointee.type == REDIS_REPLY_STRING else {
            return nil
        }
        return pointer.pointee.bytes
    }
}
