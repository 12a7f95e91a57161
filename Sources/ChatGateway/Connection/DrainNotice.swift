import ChatCore

/// What a client is told when its node goes away.
struct DrainNotice: Sendable {
    /// When it is asked to come back elsewhere.
    let reconnectAfterMilliseconds: Int
    /// When the node ends its streams.
    let deadline: Timestamp

    var envelope: [UInt8] {
        ServerEnvelope.encode(
            .connectionDraining,
            [
                "reconnect_after_ms": .integer(reconnectAfterMilliseconds),
                "deadline": .string(deadline.description),
            ]
        )
    }
}
