/// Whoever watches a stream: takes its chunks in order, and its end.
///
/// What is handed over is taken at once; nothing here waits. A viewer that cannot take more says so, and tells its
/// ``StreamSeat`` when it can again.
public protocol StreamViewer: AnyObject, Sendable {
    /// Takes one chunk, `json` as it goes to clients. - Returns: whether it can take more now.
    func deliver(_ json: String, index: Int) -> Bool

    /// Takes the whole answer up to chunk `nextChunk`, in place of what it has had so far. - Returns: as above.
    func deliver(snapshot: [ContentPart], nextChunk: Int) -> Bool

    /// Nothing comes after this.
    func ended(_ outcome: StreamOutcome)

    /// Takes a seat in a stream on this node. Called once at most, before anything is handed over from there.
    func seated(_ seat: StreamSeat)

    /// Leaves its seat, if it has one, and is told that the stream is ``StreamOutcome/gone``.
    func dismiss()

    /// Returns when it can take more, or is gone.
    func waitForRoom() async

    /// It will never take anything again.
    var isGone: Bool { get }
}

/// How a stream ended, as its viewers are told.
public enum StreamOutcome: Sendable {
    /// The end is committed; `error` is what the client is told, if it is told of one.
    case ended(StreamResult, error: ChatError?)
    /// Another node has taken the stream over, or its session is gone.
    case takenOver
    /// There is no such stream for the viewer any more: its session is deleted, or the share it was watched by is over.
    case gone
}

/// A viewer's place in a stream that runs on this node.
public struct StreamSeat: Sendable {
    let stream: RunningStream
    let number: Int

    /// The viewer can take more. To be called on another stack than the one that hands over to the viewer.
    public func hasRoom() { stream.viewerHasRoom(number) }

    /// The viewer is gone.
    public func leave() { stream.viewerLeft(number) }
}

extension StreamOutcome {
    /// What is told of a stream that ended before: the same as was told when it did.
    init(_ result: StreamResult) {
        self = .ended(result, error: result.state.error)
    }
}

extension Message.State {
    /// What a client is told of a stream that ended so, if it is told of an error.
    var error: ChatError? {
        switch self {
        case .failed: ChatError(.backendError, "The backend failed.")
        case .timedOut: ChatError(.backendTimeout, "The backend was too slow.")
        case .interrupted: ChatError(.serviceUnavailable, "The answer was interrupted.", retryAfterSeconds: 1)
        case .streaming, .complete, .stopped, .abandoned: nil
        }
    }
}
