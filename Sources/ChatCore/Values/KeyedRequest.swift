/// A request that came with a key of its client's, while it is carried out.
///
/// A node may die after it has written something and before its answer is kept. So that whoever carries the request out
/// after that does nothing twice, what is written follows from the request, or is written together with its key.
public struct KeyedRequest: Hashable, Sendable {
    /// Both codes follow from the client's id and key, so that nobody comes to those of another client.
    public var request: RepeatableRequest
    /// When it came first.
    public var since: Timestamp

    public init(_ request: RepeatableRequest, since: Timestamp) {
        self.request = request
        self.since = since
    }

    /// The key as it is written with what the request writes.
    var idempotencyKey: IdempotencyKey {
        IdempotencyKey(
            clientID: request.clientID,
            key: Self.hexadecimal(request.key),
            digest: Self.hexadecimal(request.digest)
        )
    }

    /// The id of what the request makes, the same at each attempt. Another client, key or request has another, and so has
    /// the same request when its 24 h are over.
    public func makeID<Entity>() -> EntityID<Entity> { .make(at: since, bits: request.digest) }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 0x10 ? "0" + digits : digits
        }.joined()
    }
}
