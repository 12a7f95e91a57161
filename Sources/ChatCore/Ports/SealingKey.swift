/// What a client calls a request that it may send again: `Idempotency-Key` in REST, the envelope's id over the
/// WebSocket.
///
/// An answer may hold a secret, so the store is told codes that are derived from the key, and gets the answer sealed
/// with it.
public protocol SealingKey: Sendable {
    /// The request as the store may know it.
    ///
    /// - Parameters:
    ///   - method: like `POST`; without a line feed, as is `address`.
    ///   - body: what was asked; equal bytes are an equal request.
    func request(method: String, address: String, body: some Sequence<UInt8>) -> RepeatableRequest

    /// Encrypts an answer so that it opens with this key and for this request alone.
    func seal(_ answer: [UInt8], to request: RepeatableRequest) throws -> [UInt8]

    /// - Throws: when the bytes are not what ``seal(_:to:)`` made.
    func open(_ sealed: [UInt8], of request: RepeatableRequest) throws -> [UInt8]
}
