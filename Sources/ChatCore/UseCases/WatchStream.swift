/// Shows a stream to a viewer from a place on, wherever it runs and whether it still does (`stream.resume`,
/// `contract/websocket.md`, 'Resume').
///
/// On this node the viewer takes a seat in the stream. Chunks of a stream on another node are fetched from there over the
/// bus, one request after the other as the viewer takes them; without the bus the viewer waits for the end, which is in the
/// database. Whatever is lost on the way is asked for again from where the viewer stands, so that no chunk is doubled or
/// missing.
public struct WatchStream: Sendable {
    /// Between two looks at a stream that nobody can say anything of just now.
    private static let pause: Duration = .milliseconds(300)
    /// Between two looks whether a guest may still watch.
    private static let accessInterval: Duration = .seconds(2)

    private let node: Node
    private let directory: any StreamDirectory
    private let registry: StreamRegistry
    private let signals: NodeSignals
    private let observer: any StreamObserver
    private let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameter sleep: passes the time between two looks at a guest's access, and between two words of a viewer that asks
    ///   for nothing; cancellation ends it by a throw.
    public init(
        node: Node,
        directory: any StreamDirectory,
        registry: StreamRegistry,
        signals: NodeSignals,
        observer: any StreamObserver,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.node = node
        self.directory = directory
        self.registry = registry
        self.signals = signals
        self.observer = observer
        self.sleep = sleep
    }

    /// The stream with this id, if `reader` may watch it.
    ///
    /// - Throws: ``ChatError`` `MESSAGE_NOT_FOUND`; `INVALID_REQUEST` when the message is none that was ever streamed;
    ///   `SERVICE_UNAVAILABLE`.
    public func find(_ id: MessageID, reader: ClientID) async throws -> KnownStream {
        guard let known = try await directory.stream(id, for: reader) else { throw ChatError.messageNotFound(id) }
        if let message = known.result.message, message.role != .assistant {
            throw ChatError.invalid("payload.message_id", "The message is no answer.", .invalidValue)
        }
        return known
    }

    /// Shows the stream: the chunks from number `next` on, or, without `next` or when they are no longer held, a snapshot
    /// first; then what comes, and the end.
    ///
    /// Returns when the viewer of the session's owner has taken a seat in a stream on this node, has been told the end, or is
    /// gone; that of a guest not before the end. Cancellation ends the showing.
    ///
    /// - Parameter caughtUp: called once or more, when the viewer has taken what there was to be had at once.
    public func show(
        _ stream: KnownStream,
        to viewer: any StreamViewer,
        from next: Int?,
        reader: ClientID,
        caughtUp: @escaping () -> Void = {}
    ) async {
        var showing = Showing(viewer: viewer, reader: reader, caughtUp: caughtUp, next: next)
        var known = stream
        while !viewer.isGone, !Task.isCancelled {
            switch await show(known, in: &showing) {
            case .done: return
            case .seated:
                caughtUp()
                return await watchOver(viewer, of: known.messageID, owner: known.clientID, reader: reader)
            case .lookAgain: break
            case .lookAgainLater:
                caughtUp()
                try? await Task.sleep(for: Self.pause)
            }
            do {
                guard let found = try await directory.stream(known.messageID, for: reader) else {
                    return viewer.ended(.gone)
                }
                known = found
            } catch {
                observer.backgroundWorkFailed("look for a stream", error: error)
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Dismisses a guest's viewer, which has a seat on this node, once the share is over that it watches by; returns then, or
    /// when the viewer is gone. Does nothing for the session's owner.
    public func watchOver(
        _ viewer: any StreamViewer,
        of message: MessageID,
        owner: ClientID,
        reader: ClientID
    ) async {
        guard reader != owner else { return }
        while !viewer.isGone, !Task.isCancelled {
            try? await sleep(Self.accessInterval)
            guard !viewer.isGone, await isOver(reader, of: message, owner: owner) else { continue }
            return viewer.dismiss()
        }
    }

    /// Whether a guest may watch no longer. When that cannot be found out, the guest may for now.
    private func isOver(_ guest: ClientID, of message: MessageID, owner: ClientID) async -> Bool {
        do {
            return try await directory.owner(ofMessage: message, by: guest) != owner
        } catch {
            observer.backgroundWorkFailed("look whether a guest may still watch", error: error)
            return false
        }
    }

    /// Where a viewer stands.
    private struct Showing {
        let viewer: any StreamViewer
        let reader: ClientID
        let caughtUp: () -> Void
        /// Names it to the owner of the stream.
        let viewerID = MessageID.make().description
        /// The number of the chunk it is to get next; `nil` when it needs a snapshot first.
        var next: Int?
        /// Up to which chunk it has been shown the stream; `nil` as long as it has been shown nothing.
        var shown: Int?
    }

    private enum Progress {
        case done, seated, lookAgain, lookAgainLater
    }

    /// Goes as far as can be gone with what is known.
    private func show(_ known: KnownStream, in showing: inout Showing) async -> Progress {
        switch known.progress {
        case .ended:
            if showing.next != known.result.chunks {
                let hasRoom = showing.viewer.deliver(
                    snapshot: known.result.content,
                    nextChunk: known.result.chunks
                )
                // The end, too, is given to those who take what comes before it.
                if !hasRoom { await showing.viewer.waitForRoom() }
            }
            showing.viewer.ended(StreamOutcome(known.result))
            return .done
        case .running(let owner, _) where owner == node.id:
            // Committed a moment ago, and not yet started; or given up, and closed in a moment.
            guard let stream = registry.stream(known.messageID) else { return .lookAgainLater }
            stream.show(to: showing.viewer, from: showing.next)
            await showing.viewer.waitForRoom()
            return .seated
        case .running(_, isAlive: false):
            return .lookAgainLater
        case .running(let owner, isAlive: true):
            if showing.next == nil {
                // What the viewer has had already is not taken back; the next checkpoint holds more.
                if let shown = showing.shown, known.result.chunks <= shown { return .lookAgainLater }
                let hasRoom = showing.viewer.deliver(
                    snapshot: known.result.content,
                    nextChunk: known.result.chunks
                )
                showing.next = known.result.chunks
                showing.shown = known.result.chunks
                if !hasRoom { await showing.viewer.waitForRoom() }
            }
            showing.caughtUp()
            return await fetch(known, from: owner, in: &showing)
        }
    }

    /// Fetches chunks until there are no more to be had in this way.
    private func fetch(_ known: KnownStream, from owner: NodeID, in showing: inout Showing) async -> Progress {
        var accessEnds = ContinuousClock.now + Self.accessInterval
        while let next = showing.next, !showing.viewer.isGone, !Task.isCancelled {
            if showing.reader != known.clientID, ContinuousClock.now >= accessEnds {
                guard await !isOver(showing.reader, of: known.messageID, owner: known.clientID) else {
                    showing.viewer.ended(.gone)
                    return .done
                }
                accessEnds = .now + Self.accessInterval
            }
            let request = FetchRequest(
                clientID: known.clientID,
                messageID: known.messageID,
                viewerID: showing.viewerID,
                next: next
            )
            switch await signals.fetch(request, at: owner) {
            case .chunks(let chunks)?:
                for chunk in chunks {
                    let index = showing.next ?? next
                    showing.next = index + 1
                    showing.shown = index + 1
                    if !showing.viewer.deliver(chunk, index: index) {
                        await waitForRoom(of: showing.viewer, asking: owner, for: request.goingOn(from: index + 1))
                    }
                }
            case .saved?:
                showing.next = nil
                return .lookAgain
            case .ended?: return .lookAgain
            case nil: return .lookAgainLater
            }
        }
        return .done
    }

    /// Returns when the viewer has room; until then the owner of the stream is told that it is there.
    private func waitForRoom(
        of viewer: any StreamViewer,
        asking owner: NodeID,
        for request: FetchRequest
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try? await sleep(RunningStream.remoteViewerInterval)
                    guard !Task.isCancelled else { return }
                    await signals.tellWatching(request, at: owner)
                }
            }
            await viewer.waitForRoom()
            group.cancelAll()
        }
    }
}

extension FetchRequest {
    fileprivate func goingOn(from next: Int) -> FetchRequest {
        var request = self
        request.next = next
        return request
    }
}
