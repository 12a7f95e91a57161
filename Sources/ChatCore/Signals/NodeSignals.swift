internal import Synchronization

/// This node's end of the conversation between nodes: stops streams others ask it to stop, hands on the chunks of those
/// that are watched elsewhere, and asks others for the same.
public final class NodeSignals: Sendable {
    /// Of what is sent at once, so that nothing holds up what is behind it on the bus.
    private static let maximumSignalBytes = 1 << 20
    /// How long a request for chunks waits at the owner for the next one.
    private static let fetchPatience: Duration = .seconds(2)
    /// How long it may take in all.
    private static let fetchTimeout: Duration = .seconds(4)

    private let node: Node
    private let bus: any SignalBus
    private let registry: StreamRegistry
    private let observer: any StreamObserver
    private let waiting = Mutex<[String: AsyncStream<NodeSignal>.Continuation]>([:])

    public init(node: Node, bus: any SignalBus, registry: StreamRegistry, observer: any StreamObserver) {
        self.node = node
        self.bus = bus
        self.registry = registry
        self.observer = observer
    }

    /// Listens on the node's channel until the subscription is cancelled.
    public func listen() async -> any SignalSubscription {
        await bus.subscribe(to: .node(node.id)) { delivery in
            guard case .signal(let bytes) = delivery, let signal = NodeSignal.decode(bytes) else { return }
            self.receive(signal)
        }
    }

    /// Asks the owner of a stream to stop it, and waits up to `timeout` for the confirmation.
    ///
    /// - Returns: how the stream ended; `nil` when there was no confirmation, for whatever reason.
    public func askToStop(_ request: StopRequest, at owner: NodeID, timeout: Duration) async -> Message.State? {
        let answer = await ask(owner, timeout: timeout, for: "ask a node to stop a stream") {
            .stop(request, reply: $0)
        }
        guard case .stopConfirmed(_, let state)? = answer else { return nil }
        return state
    }

    /// Asks the owner of a stream for its chunks.
    ///
    /// - Returns: `nil` when there was no answer, for whatever reason, or the stream does not run there.
    func fetch(_ request: FetchRequest, at owner: NodeID) async -> FetchedChunks? {
        let answer = await ask(owner, timeout: Self.fetchTimeout, for: "ask a node for chunks of a stream") {
            .fetch(request, reply: $0)
        }
        guard case .fetched(_, let chunks)? = answer else { return nil }
        return chunks
    }

    /// Tells the owner of a stream that a viewer here is still there, and does not wait for anything.
    func tellWatching(_ request: FetchRequest, at owner: NodeID) async {
        await send(NodeSignal.watching(request).encode(), to: owner, "tell a node that a stream is watched")
    }

    /// Sends what `signal` makes of the address for the answer, and waits up to `timeout` for that.
    private func ask(
        _ owner: NodeID,
        timeout: Duration,
        for work: StaticString,
        _ signal: (NodeSignal.ReplyAddress) -> NodeSignal
    ) async -> NodeSignal? {
        let requestID = SessionID.make().description
        let (replies, reply) = AsyncStream.makeStream(of: NodeSignal.self, bufferingPolicy: .bufferingOldest(1))
        waiting.withLock { $0[requestID] = reply }
        defer { waiting.withLock { _ = $0.removeValue(forKey: requestID) } }
        do {
            let address = NodeSignal.ReplyAddress(requestID: requestID, node: node.id)
            guard try await bus.publish(signal(address).encode(), on: .node(owner)) > 0 else { return nil }
        } catch {
            observer.backgroundWorkFailed(work, error: error)
            return nil
        }
        return await withTaskGroup(of: NodeSignal?.self) { group in
            group.addTask {
                for await signal in replies { return signal }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func receive(_ signal: NodeSignal) {
        switch signal {
        case .stopConfirmed(let requestID, _), .fetched(let requestID, _):
            _ = waiting.withLock { $0[requestID] }?.yield(signal)
        case .stop(let request, let reply):
            guard let stream = stream(request.messageID, of: request.clientID) else { return }
            Task {
                let state = await stream.stop()
                await self.answer(reply, .stopConfirmed(requestID: reply.requestID, state: state), "confirm a stop")
            }
        case .watching(let request):
            stream(request.messageID, of: request.clientID)?.heard(of: request.viewerID, at: request.next)
        case .fetch(let request, let reply):
            let stream = stream(request.messageID, of: request.clientID)
            Task {
                var chunks = await stream?.fetch(
                    from: request.next,
                    for: request.viewerID,
                    patience: Self.fetchPatience
                )
                var answer = NodeSignal.fetched(requestID: reply.requestID, chunks: chunks).encode()
                if answer.count > Self.maximumSignalBytes {
                    // A chunk too large for the bus is read from the database.
                    chunks = await stream?.saveCheckpoint() == true ? .saved : nil
                    answer = NodeSignal.fetched(requestID: reply.requestID, chunks: chunks).encode()
                }
                await self.send(answer, to: reply.node, "hand on chunks of a stream")
            }
        }
    }

    private func stream(_ id: MessageID, of client: ClientID) -> RunningStream? {
        registry.stream(id).flatMap { $0.identity.clientID == client ? $0 : nil }
    }

    private func answer(_ reply: NodeSignal.ReplyAddress, _ signal: NodeSignal, _ work: StaticString) async {
        await send(signal.encode(), to: reply.node, work)
    }

    /// Who asks finds out by itself when nothing comes.
    private func send(_ bytes: [UInt8], to node: NodeID, _ work: StaticString) async {
        do {
            try await bus.publish(bytes, on: .node(node))
        } catch {
            observer.backgroundWorkFailed(work, error: error)
        }
    }
}
