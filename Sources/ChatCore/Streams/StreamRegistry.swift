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

    /// So long a stream that has ended is still known, for viewers on other nodes who have not had its end.
    private static let fetchingPatience: Duration = .seconds(3)

    /// Runs the stream in a task of its own, known here for as long as it runs.
    public func start(_ stream: RunningStream) {
        streams.withLock { $0[stream.identity.messageID] = stream }
        // Who watches may be gone before it begins.
        stream.awaitReturnOfViewers()
        Task {
            await stream.run()
            await stream.untilFetched(within: Self.fetchingPatience)
            _ = streams.withLock { $0.removeValue(forKey: stream.identity.messageID) }
        }
    }
}
