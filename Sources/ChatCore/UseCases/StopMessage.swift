/// Stops a stream wherever it runs (`contract/semantics.md`, 'Stop').
public struct StopMessage: Sendable {
    private let node: Node
    private let leases: any StreamLeaseStore
    private let directory: any StreamDirectory
    private let registry: StreamRegistry
    private let signals: NodeSignals

    public init(
        node: Node,
        leases: any StreamLeaseStore,
        directory: any StreamDirectory,
        registry: StreamRegistry,
        signals: NodeSignals
    ) {
        self.node = node
        self.leases = leases
        self.directory = directory
        self.registry = registry
        self.signals = signals
    }

    /// How long the whole may take: longer than the lease of a dead owner.
    private static let patience: Duration = .seconds(30)
    /// After which the database is looked at, when the owner does not confirm.
    private static let confirmationTimeout: Duration = .milliseconds(500)

    /// Stops the stream of that message, or of that run of a summary, and returns once its end is written. Guests may stop
    /// the answers of their own branches.
    ///
    /// - Returns: `true` when this stopped it (or closed it in place of a dead owner); `false` when there was nothing to
    ///   stop any more.
    /// - Throws: ``ChatError`` `MESSAGE_NOT_FOUND`, or `SERVICE_UNAVAILABLE` when the database is out of reach or a
    ///   living owner did not act in time.
    public func callAsFunction(_ id: MessageID, caller: Caller) async throws -> Bool {
        let deadline = ContinuousClock.now + Self.patience
        var client = caller.clientID
        var hasAsked = false
        while ContinuousClock.now < deadline {
            switch try await leases.requestStop(of: id, client: client) {
            case .messageNotFound:
                guard client == caller.clientID,
                    let owner = try await directory.owner(ofMessage: id, by: caller.clientID), owner != client
                else { throw ChatError.messageNotFound(id) }
                client = owner
            case .ended(let state):
                return hasAsked && (state == .stopped || state == .interrupted)
            case .orphaned:
                hasAsked = true
                if try await leases.closeOrphan(id, client: client) != nil { return true }
            case .running(let owner):
                hasAsked = true
                if let state = await stop(id, of: client, at: owner) {
                    return state == .stopped || state == .interrupted
                }
            }
        }
        throw ChatError(.serviceUnavailable, "The stream could not be stopped in time.", retryAfterSeconds: 1)
    }

    private func stop(_ id: MessageID, of client: ClientID, at owner: NodeID) async -> Message.State? {
        if owner == node.id, let stream = registry.stream(id) { return await stream.stop() }
        let began = ContinuousClock.now
        let request = StopRequest(clientID: client, messageID: id)
        let state = await signals.askToStop(request, at: owner, timeout: Self.confirmationTimeout)
        if state == nil {
            // Without a confirmation, and perhaps without a bus, the owner finds the request in the database.
            try? await Task.sleep(until: began + Self.confirmationTimeout)
        }
        return state
    }
}
