/// Why a connection could not be made or was given up.
enum RedisConnectionError: Error, Hashable, CustomStringConvertible {
    case connectTimedOut
    case pingTimedOut
    case closedByServer
    /// The server answered a step of the handshake with an error.
    case handshakeRefused(step: String, reply: String)
    case protocolViolation(String)
    case replyTooLarge(limitBytes: Int)

    var description: String {
        switch self {
        case .connectTimedOut: "not connected in time"
        case .pingTimedOut: "no answer to PING in time"
        case .closedByServer: "closed by the server"
        case .handshakeRefused(let step, let reply): "\(step) refused: \(reply)"
        case .protocolViolation(let detail): "not the Redis protocol: \(detail)"
        case .replyTooLarge(let limitBytes): "a reply of more than \(limitBytes) bytes"
        }
    }
}
