/// How many requests wait for events on this node, and whose.
struct EventWaits: Sendable {
    /// Of the node.
    let maximum: Int
    let maximumPerClient: Int
    private var count = 0
    private var counts: [ClientID: Int] = [:]

    init(maximum: Int, maximumPerClient: Int) {
        self.maximum = maximum
        self.maximumPerClient = maximumPerClient
    }

    /// Lets a request wait; ``leave(_:)`` is to be called when it does no more.
    ///
    /// - Throws: ``ChatError``: `RATE_LIMIT_EXCEEDED` when as many of the client wait as may, `SERVICE_UNAVAILABLE` when
    ///   the node is full.
    mutating func enter(_ client: ClientID) throws(ChatError) {
        guard counts[client, default: 0] < maximumPerClient else {
            throw ChatError(
                .rateLimitExceeded,
                "At most \(maximumPerClient) requests of a client may wait at a node.",
                retryAfterSeconds: 1,
                limitType: "concurrent"
            )
        }
        guard count < maximum else {
            throw ChatError(.serviceUnavailable, "Too many requests wait at this node.", retryAfterSeconds: 1)
        }
        count += 1
        counts[client, default: 0] += 1
    }

    mutating func leave(_ client: ClientID) {
        guard let waiting = counts[client] else { return }
        count -= 1
        counts[client] = waiting > 1 ? waiting - 1 : nil
    }
}
