import NIOCore

/// What goes over a connection once it is ready; called on the connection's event loop only.
///
/// ``disconnected()`` follows each ``connected(_:)`` exactly once, and nothing comes after it before the next
/// ``connected(_:)``.
protocol RedisTraffic: Sendable {
    func connected(_ channel: any Channel)
    func received(_ reply: RedisReply) throws(RedisConnectionError)
    /// No more replies have arrived for now.
    func readCompleted()
    func writabilityChanged()
    func send(_ control: RedisControl)
    func disconnected()
}

/// What a connection wants to have sent in its turn.
enum RedisControl: Hashable, Sendable {
    case ping
    /// The last command: the server closes after it.
    case quit
}
