internal import Synchronization

/// This node's end of the conversation between nodes: stops streams others ask it to stop, and asks others.
public final class NodeSignals: Sendable {
    private let node: Node
    private let bus: any SignalBus
    private let registry: StreamRegistry
    private let observer: any StreamObserver
    private let waiting = Mutex<[String: AsyncStream<Message.State?>.Continuation]>([:])

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
        let requestID = SessionID.make().description
        let signal = NodeSignal.stop(request, requestID: requestID, replyTo: node.id)
        let (replies, reply) = AsyncStream.makeStream(of: Message.State?.self, bufferingPolicy: .bufferingOldest(1))
        waiting.withLock { $0[requestID] = reply }
        defer { waiting.withLock { _ = $0.removeValue(forKey: requestID) } }
        do {
            guard try await bus.publish(signal.encode(), on: .node(owner)) > 0 else { return nil }
        } catch {
            observer.backgroundWorkFailed("ask a node to stop a stream", error: error)
            return nil
        }
        return await withTaskGroup(of: Message.State?.self) { group in
            group.addTask {
                for await state in replies { return state }
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
        case .stopConfirmed(let requestID, let state):
            _ = waiting.withLock { $0[requestID] }?.yield(state)
        case .stop(let request, let requestID, let replyTo):
            guard let stream = registry.stream(request.messageID), stream.identity.clientID == request.clientID else {
                return
            }
            Task {
                let state = await stream.stop()
                let reply = NodeSignal.stopConfirmed(requestID: requestID, state: state)
                do {
                    try await self.bus.publish(reply.encode(), on: .node(replyTo))
                } catch {
                    // The asking node finds the end in the database.
                    self.observer.backgroundWorkFailed("confirm a stop", error: error)
                }
            }
        }
    }
}
