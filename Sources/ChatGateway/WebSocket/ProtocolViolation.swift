/// What a client must not send; the connection is failed with the code.
struct ProtocolViolation: Error, Hashable, Sendable {
    var code: CloseCode
    /// Goes to the client, so it quotes nothing.
    var reason: String

    static func protocolError(_ reason: String) -> ProtocolViolation {
        ProtocolViolation(code: .protocolError, reason: reason)
    }
}
