internal import Synchronization

extension RunningStream {
    /// Saves what came since the last checkpoint, one checkpoint after the other. A stream that another node has taken over
    /// is cut off.
    ///
    /// - Returns: whether all that came before the call is in the database, or will be with the end.
    @discardableResult
    public func saveCheckpoint() async -> Bool {
        let count = state.withLock { $0.machine.chunkCount }
        while true {
            switch state.withLock({ $0.machine.checkpointRequested(of: count) }) {
            case .none: return true
            case .wait: await untilCheckpointEnded()
            case .save(let content, let chunks):
                let isSaved = await save(content, chunks: chunks)
                let savers = state.withLock { state in
                    state.machine.checkpointEnded(isSaved: isSaved)
                    defer { state.savers = [] }
                    return state.savers
                }
                for saver in savers { saver.resume() }
                return isSaved
            }
        }
    }

    private func untilCheckpointEnded() async {
        await withCheckedContinuation { continuation in
            let isUnderWay = state.withLock { state in
                if state.machine.isSaving { state.savers.append(continuation) }
                return state.machine.isSaving
            }
            if !isUnderWay { continuation.resume() }
        }
    }

    private func save(_ content: [ContentPart], chunks: Int) async -> Bool {
        let checkpoint = StreamCheckpoint(
            clientID: identity.clientID,
            messageID: identity.messageID,
            nodeID: services.node.id,
            content: content,
            chunks: chunks
        )
        do {
            if try await store.checkpoint(checkpoint) { return true }
            cutShort { $0.interrupted() }
        } catch {
            services.observer.backgroundWorkFailed("save a checkpoint", error: error)
        }
        return false
    }
}
