/// Reads the event log: what clients are told, in order, without gaps. Entries are written by the transactions they tell
/// of. Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol EventStore: Sendable {
    /// The newest `seq` of each client that has events.
    func lastSeqs(of clients: [ClientID]) async throws -> [ClientID: Int64]

    /// Up to `limit` events with a higher `seq` than `seq`, in order, and no more than fit into
    /// ``EventPage/maximumPayloadBytes``, but for the first. When the log no longer reaches back that far, the first one is
    /// not `seq + 1`.
    func events(of client: ClientID, after seq: Int64, limit: Int) async throws -> EventPage
}

/// The relay's end of the event log: entries committed and not yet published.
public protocol EventOutbox: Sendable {
    /// Takes up to `limit` unpublished events of one shard, bounded as an ``EventPage``, hands them to `publish` in order,
    /// and takes them off the outbox when it returns. Only one relay at a time gets a shard; events of one client are all
    /// in one shard.
    ///
    /// - Throws: what `publish` throws, and then the events stay.
    func drain(
        shard: Int,
        limit: Int,
        publish: @Sendable ([PushEvent]) async throws -> Void
    ) async throws -> OutboxDrain

    /// The shards with events waiting.
    func waitingShards() async throws -> [Int]
}

extension EventOutbox {
    /// Into how many parts the outbox is divided, for relays to share the work.
    public static var shardCount: Int { 64 }
}

/// How far the draining of a shard has come.
public enum OutboxDrain: Hashable, Sendable {
    /// What was waiting is off the outbox.
    case emptied
    /// There was more than one call takes.
    case moreWaiting
    /// Another relay holds the shard; nothing was done.
    case heldByAnother
}
