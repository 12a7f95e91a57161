internal import Synchronization

/// What a viewer on another node gets for its request.
enum FetchedChunks: Hashable, Sendable {
    /// The next chunks, as they go to clients; none came in time when it is empty.
    case chunks([String])
    /// What was asked for is not held; everything so far was saved, and is to be read from the database.
    case saved
    /// There is no more; how it ended is in the database.
    case ended
}

extension RunningStream {
    /// So long a viewer on another node is believed to be there after its last word.
    static let remoteViewerPatience: Duration = .seconds(10)
    /// How often a viewer on another node says that it is there while it asks for nothing.
    static let remoteViewerInterval: Duration = .seconds(3)
    /// Of the chunks of one request; one chunk may be larger.
    static let fetchedBytes = 128 * 1024

    /// A viewer on another node, which has had everything before `next`, is still there.
    func heard(of viewer: String, at next: Int) {
        state.withLock { $0.audience.heard(of: viewer, at: next, until: .now + Self.remoteViewerPatience) }
        viewerMovedOn()
    }

    /// Gets a viewer on another node the chunks from number `next` on; waits up to `patience` for one.
    ///
    /// - Returns: `nil` when nothing can be said just now.
    func fetch(from next: Int, for viewer: String, patience: Duration) async -> FetchedChunks? {
        let now = ContinuousClock.now
        let isHeld = state.withLock { state in
            state.audience.heard(of: viewer, at: next, until: now + Self.remoteViewerPatience + patience)
            return (state.audience.window.firstIndex...state.audience.window.endIndex).contains(next)
        }
        viewerMovedOn()
        guard isHeld else {
            return await saveCheckpoint() ? .saved : nil
        }
        await waitForNews(after: next, until: now + patience)
        defer { viewerMovedOn() }
        return state.withLock { state in
            var chunks: [String] = []
            var bytes = 0
            while let chunk = state.audience.window.chunk(at: next + chunks.count),
                chunks.isEmpty || bytes + chunk.json.utf8.count <= Self.fetchedBytes
            {
                chunks.append(chunk.json)
                bytes += chunk.json.utf8.count
            }
            if chunks.isEmpty, state.audience.outcome != nil {
                state.audience.remoteViewerHasEnd(viewer)
                return .ended
            }
            return .chunks(chunks)
        }
    }
}
