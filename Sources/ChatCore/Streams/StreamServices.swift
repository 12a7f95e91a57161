/// What a node needs to run streams.
public struct StreamServices: Sendable {
    public let node: Node
    public let backend: any Backend
    public let messages: any MessageStore
    public let registry: StreamRegistry
    public let observer: any StreamObserver
    /// Passes the time that an unwatched stream is given; cancellation ends it by a throw.
    let sleep: @Sendable (Duration) async throws -> Void

    public init(
        node: Node,
        backend: any Backend,
        messages: any MessageStore,
        registry: StreamRegistry,
        observer: any StreamObserver,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.node = node
        self.backend = backend
        self.messages = messages
        self.registry = registry
        self.observer = observer
        self.sleep = sleep
    }
}
