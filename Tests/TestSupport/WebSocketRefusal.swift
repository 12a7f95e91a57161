public import ChatCore

/// A handshake that was answered with something else than 101.
public struct WebSocketRefusal: Error, Sendable {
    public var status: Int
    /// By lower-case name.
    public var headers: [String: String]
    /// `null` when it was no JSON.
    public var body: JSONValue
}
