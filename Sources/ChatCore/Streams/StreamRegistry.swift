internal import Synchronization

/// The streams running on this node.
public final class StreamRegistry: Sendable {
    private let streams = Mutex<[MessageID: RunningStream]>([:])

    public init() {}

    public var count: Int { streams.withLock { $0.count } }

    public func stream(_ id: MessageID) -> RunningStream? {
        streams.withLock { $0[id] }
    }

    public var all: [RunningStream] {
        streams.withLock { Array($0.values) }
    }

    /// Runs the stream in a task of its own, known here for as long as it runs.
    public func start(_ stream: RunningStream) {
        streams.withLock { $0[stream.identity.messageID] = stream }
        Task {
            await stream.run()
            _ = streams.withLock { $0.removeValue(forKey: stream.identity.messageID) }
        }
    }
}
