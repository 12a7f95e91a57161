/// What holds for the calls to all backends; what differs between them is in their session types.
public struct WebhookConfiguration: Hashable, Sendable {
    /// Whether backends may have loopback and private addresses; others that are no backend's are always refused.
    public var allowsPrivateAddresses: Bool

    /// Bound of establishing a connection, TLS included; within the session type's `timeout_seconds`.
    public var connectTimeoutMilliseconds = 10_000

    /// The same where the host has more than one address, for each of them.
    public var alternativeConnectTimeoutMilliseconds = 3000

    /// How long an answer of the name service holds.
    public var addressLifetimeMilliseconds = 5000

    /// How long an unused connection is kept: less than the five seconds after which common servers close one, so that
    /// a call seldom goes out on a connection that is about to be closed.
    public var idleConnectionMilliseconds = 4000

    /// Largest answer accepted (`contract/webhook.md`, 'A streaming answer').
    public var maximumAnswerBytes = 32 * 1024 * 1024

    /// Largest line and largest event of a streaming answer.
    public var maximumEventBytes = 32 * 1024 * 1024

    /// How much of an answer may lie ready while the consumer is busy with what came before. It spares a change of
    /// threads for each piece; with 0 nothing is read meanwhile.
    public var readAheadBytes = 16 * 1024

    /// What may still come after an answer is whole for its connection to be used again, and for how long.
    public var drainBytes = 64 * 1024
    public var drainMilliseconds = 1000

    /// Calls of one session type that may wait for one of its connections.
    public var maximumWaitingCalls = 10_000

    public init(allowsPrivateAddresses: Bool = false) {
        self.allowsPrivateAddresses = allowsPrivateAddresses
    }
}
