public import ChatCore

public struct SilentObserver: StreamObserver {
    public init() {}

    public func streamBegan(_ stream: StreamIdentity) {}
    public func chunkForwarded(_ stream: StreamIdentity, bytes: Int) {}
    public func firstChunkArrived(_ stream: StreamIdentity, after delay: Duration) {}
    public func streamEnded(_ stream: StreamIdentity, state: Message.State?, error: ChatError?) {}
    public func backgroundWorkFailed(_ work: StaticString, error: any Error) {}
}
