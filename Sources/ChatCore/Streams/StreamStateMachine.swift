/// The life of one answer (`contract/semantics.md`, 'The life of a stream'): decides what to do with everything that can
/// happen to it, and that it ends exactly once.
///
/// A value-type machine: each input returns what is to be done; the caller does it after it has let go of its lock.
public struct StreamStateMachine: Sendable {
    /// Partial content is saved when this much has come since it was saved last, or a ``checkpointFraction`` of what is
    /// saved already: it is saved whole each time, so that a long answer is not to be saved too often. Once a second it is
    /// saved in any case.
    public static let checkpointBytes = 64 * 1024
    public static let checkpointFraction = 4

    private enum State {
        /// The exchange is committed; the backend may not have been called. Exits: `streaming`, `ending`.
        case opening
        /// At least one chunk came. Exits: `ending`.
        case streaming
        /// How it ends is decided and is being written. Exits: `ended`.
        case ending(Ending)
        /// Written, by this node or by another.
        case ended(Message.State?)
    }

    /// How a stream ends, and with what.
    public struct Ending: Sendable {
        public let state: Message.State
        public let content: [ContentPart]
        public let chunks: Int
        /// The backend's, of a completed answer.
        public let metadata: JSONObject
        /// What the client is told, when it is told of an error.
        public let error: ChatError?

        /// What is left when this cannot be stored: first the content without the metadata, then neither.
        func reduced(by cause: ChatError) -> Ending {
            Ending(
                state: state == .complete ? .failed : state,
                content: metadata.isEmpty ? [] : content,
                chunks: chunks,
                metadata: [:],
                error: error
                    ?? ChatError(.backendError, "The backend's answer cannot be stored.", underlyingError: cause)
            )
        }
    }

    public enum ChunkAction: Sendable, Equatable {
        case deliver(index: Int, saveCheckpoint: Bool)
        /// The end is decided: what the backend still sends does not count.
        case ignore
    }

    public enum CheckpointAction: Sendable {
        /// Save this, then say what came of it by ``checkpointEnded(isSaved:)``.
        case save(content: [ContentPart], chunks: Int)
        /// Another is being saved: ask again when that has ended.
        case wait
        /// All of it is saved, or the end holds it.
        case none
    }

    public enum EndAction: Sendable {
        /// Cut off the backend if it is still being read, then write this end.
        case finish(Ending)
        /// Another end was decided before.
        case none
    }

    private var state: State = .opening
    private var answer = AnswerContent()
    private var chunks = 0
    private var saved = Extent()
    /// What the checkpoint holds that is being saved.
    private var saving: Extent?

    /// How far a checkpoint goes.
    private struct Extent {
        var bytes = 0
        var chunks = 0
    }

    public init() {}

    /// Whether the backend may be called: not when the stream was stopped before.
    public var mayCallBackend: Bool {
        if case .opening = state { true } else { false }
    }

    /// What came so far.
    public var content: [ContentPart] { answer.parts }

    /// The final state, once it is written; `nil` before, and when another node has decided it.
    public var finalState: Message.State? {
        if case .ended(let state) = state { state } else { nil }
    }

    public mutating func chunkArrived(_ chunk: StreamChunk) -> ChunkAction {
        switch state {
        case .opening, .streaming:
            state = .streaming
            answer.append(chunk)
            let index = chunks
            chunks += 1
            return .deliver(index: index, saveCheckpoint: saving == nil && isCheckpointDue)
        case .ending, .ended:
            return .ignore
        }
    }

    private var isCheckpointDue: Bool {
        answer.byteCount - saved.bytes >= max(Self.checkpointBytes, saved.bytes / Self.checkpointFraction)
    }

    /// How many chunks have come.
    public var chunkCount: Int { chunks }

    /// To be asked before what came up to chunk `count` is saved. One checkpoint is saved at a time: they come to the
    /// database in the order of their content, and none is taken for saved that was not.
    public mutating func checkpointRequested(of count: Int) -> CheckpointAction {
        guard case .streaming = state, saved.chunks < count else { return .none }
        guard saving == nil else { return .wait }
        saving = Extent(bytes: answer.byteCount, chunks: chunks)
        return .save(content: answer.parts, chunks: chunks)
    }

    public var isSaving: Bool { saving != nil }

    /// The checkpoint is in the database, or is not.
    public mutating func checkpointEnded(isSaved: Bool) {
        if isSaved, let saving { saved = saving }
        saving = nil
    }

    public mutating func backendCompleted(metadata: JSONObject) -> EndAction {
        end(.complete, metadata: metadata, error: nil)
    }

    public mutating func backendFailed(_ error: ChatError) -> EndAction {
        end(error.code == .backendTimeout ? .timedOut : .failed, error: error)
    }

    public mutating func stopRequested() -> EndAction {
        end(.stopped, error: nil)
    }

    /// The node goes away before the answer is whole.
    public mutating func interrupted() -> EndAction {
        end(.interrupted, error: ChatError(.serviceUnavailable, "The answer was interrupted.", retryAfterSeconds: 1))
    }

    /// Nobody watches any more, and it was begun to be cut short then.
    public mutating func abandoned() -> EndAction {
        end(.abandoned, error: nil)
    }

    /// The end is in the database: written by this node, or (`nil`) decided by another that took the stream over.
    public mutating func written(_ finalState: Message.State?) {
        state = .ended(finalState)
    }

    private mutating func end(
        _ finalState: Message.State,
        metadata: JSONObject = [:],
        error: ChatError?
    ) -> EndAction {
        switch state {
        case .opening, .streaming:
            let ending = Ending(
                state: finalState,
                content: answer.parts,
                chunks: chunks,
                metadata: metadata,
                error: error
            )
            state = .ending(ending)
            return .finish(ending)
        case .ending, .ended:
            return .none
        }
    }
}
