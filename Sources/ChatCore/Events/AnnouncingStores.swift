/// A message store whose committed events are announced to the relays.
public struct AnnouncingMessageStore: MessageStore {
    private let store: any MessageStore
    private let bell: OutboxBell

    public init(_ store: any MessageStore, bell: OutboxBell) {
        self.store = store
        self.bell = bell
    }

    public func messages(_ query: MessageQuery) async throws -> Page<Message>? {
        try await store.messages(query)
    }

    public func message(_ id: MessageID, of client: ClientID) async throws -> Message? {
        try await store.message(id, of: client)
    }

    public func beginExchange(_ exchange: NewExchange) async throws -> ExchangeOutcome {
        let outcome = try await store.beginExchange(exchange)
        if case .begun = outcome { bell.ring() }
        return outcome
    }

    public func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool {
        try await store.checkpoint(checkpoint)
    }

    public func finishStream(_ end: StreamEnd) async throws -> Message? {
        let message = try await store.finishStream(end)
        if message != nil { bell.ring() }
        return message
    }
}

/// A lease store whose committed events are announced to the relays.
public struct AnnouncingStreamLeaseStore: StreamLeaseStore {
    private let store: any StreamLeaseStore
    private let bell: OutboxBell

    public init(_ store: any StreamLeaseStore, bell: OutboxBell) {
        self.store = store
        self.bell = bell
    }

    public func renewLease(of node: Node, seconds: Int) async throws -> [StopRequest] {
        try await store.renewLease(of: node, seconds: seconds)
    }

    public func endLease(of node: NodeID) async throws {
        try await store.endLease(of: node)
    }

    public func requestStop(of message: MessageID, client: ClientID) async throws -> StopTarget {
        try await store.requestStop(of: message, client: client)
    }

    public func closeOrphan(_ message: MessageID, client: ClientID) async throws -> ClosedStream? {
        let stream = try await store.closeOrphan(message, client: client)
        if stream != nil { bell.ring() }
        return stream
    }

    public func closeOrphans(limit: Int) async throws -> [ClosedStream] {
        let streams = try await store.closeOrphans(limit: limit)
        if !streams.isEmpty { bell.ring() }
        return streams
    }

    public func closeForgotten(
        of node: NodeID,
        running: [MessageID],
        after seconds: Int,
        limit: Int
    ) async throws -> [ClosedStream] {
        let streams = try await store.closeForgotten(of: node, running: running, after: seconds, limit: limit)
        if !streams.isEmpty { bell.ring() }
        return streams
    }
}

/// A store of summaries whose committed events are announced to the relays.
public struct AnnouncingSummaryStore: SummaryStore {
    private let store: any SummaryStore
    private let bell: OutboxBell

    public init(_ store: any SummaryStore, bell: OutboxBell) {
        self.store = store
        self.bell = bell
    }

    public func beginSummary(_ summary: NewSummary) async throws -> SummaryOutcome {
        try await store.beginSummary(summary)
    }

    public func checkpoint(_ checkpoint: StreamCheckpoint) async throws -> Bool {
        try await store.checkpoint(checkpoint)
    }

    public func finish(_ end: StreamEnd) async throws -> StreamResult? {
        let result = try await store.finish(end)
        if result?.state == .complete { bell.ring() }
        return result
    }

    public func result(of stream: MessageID, client: ClientID) async throws -> StreamResult? {
        try await store.result(of: stream, client: client)
    }
}
