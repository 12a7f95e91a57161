/// Where an answer goes while it is being generated: a connection, or whoever waits for the whole.
public protocol StreamSink: Sendable {
    /// Takes one chunk. Returns when the receiver can take more, which is how a slow receiver slows its backend down; a
    /// receiver that is gone returns at once. Cancelling the calling task ends the waiting.
    func deliver(_ chunk: StreamChunk, index: Int) async

    /// The end is committed.
    func ended(_ message: Message, ending: StreamStateMachine.Ending) async

    /// The stream was taken over: another node has decided how it ended.
    func takenOver() async
}
