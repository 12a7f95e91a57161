/// Watches streams for logs and metrics. Methods return at once.
public protocol StreamObserver: Sendable {
    func streamBegan(_ stream: StreamIdentity)
    func chunkForwarded(_ stream: StreamIdentity, bytes: Int)
    /// From the call of the backend to its first chunk.
    func firstChunkArrived(_ stream: StreamIdentity, after delay: Duration)
    func streamEnded(_ stream: StreamIdentity, state: Message.State?, error: ChatError?)
    /// Something in the background failed and will be tried again.
    func backgroundWorkFailed(_ work: StaticString, error: any Error)
}

/// Which stream something is about.
public struct StreamIdentity: Hashable, Sendable {
    public let clientID: ClientID
    public let sessionID: SessionID
    public let sessionTypeID: SessionTypeID
    public let messageID: MessageID

    public init(clientID: ClientID, sessionID: SessionID, sessionTypeID: SessionTypeID, messageID: MessageID) {
        self.clientID = clientID
        self.sessionID = sessionID
        self.sessionTypeID = sessionTypeID
        self.messageID = messageID
    }
}
