/// What a node needs to run streams.
public struct StreamServices: Sendable {
    public let node: Node
    public let backend: any Backend
    public let messages: any MessageStore
    public let registry: StreamRegistry
    public let observer: any StreamObserver

    public init(
        node: Node,
        backend: any Backend,
        messages: any MessageStore,
        registry: StreamRegistry,
        observer: any StreamObserver
    ) {
        self.node = node
        self.backend = backend
        self.messages = messages
        self.registry = registry
        self.observer = observer
    }
}
