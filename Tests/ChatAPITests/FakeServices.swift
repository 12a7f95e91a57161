import ChatCore

struct FakeBackend: Backend {
    /// What it says it can do, or why it fails.
    var capabilities: Result<[Capability], ChatError> = .success([])

    func sessionCreated(_ notice: SessionCreatedNotice) async throws -> [Capability] { try capabilities.get() }

    func streamAnswer(
        to request: AnswerRequest,
        handle: @Sendable (BackendEvent) async throws -> Void
    ) async throws {}
}

/// A bus that nobody else is on.
struct SilentBus: SignalBus {
    struct Subscription: SignalSubscription {
        func cancel() {}
    }

    var isConnected: Bool { false }

    func publish(_ payload: [UInt8], on channel: SignalChannel) async throws -> Int { 0 }

    func subscribe(
        to channel: SignalChannel,
        receive: @escaping @Sendable (SignalDelivery) -> Void
    ) async -> any SignalSubscription { Subscription() }
}

struct SilentObserver: StreamObserver {
    func streamBegan(_ stream: StreamIdentity) {}
    func chunkForwarded(_ stream: StreamIdentity, bytes: Int) {}
    func firstChunkArrived(_ stream: StreamIdentity, after delay: Duration) {}
    func streamEnded(_ stream: StreamIdentity, state: Message.State?, error: ChatError?) {}
    func backgroundWorkFailed(_ work: StaticString, error: any Error) {}
}

/// Knows no stream.
struct EmptyDirectory: StreamDirectory {
    func stream(_ id: MessageID, for reader: ClientID) async throws -> KnownStream? { nil }
    func owner(ofMessage id: MessageID, by guest: ClientID) async throws -> ClientID? { nil }
}
