/// The relays' end of the outbox of background events, which are written by the transactions they tell of. Every method
/// throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol WebhookOutbox: Sendable {
    /// Takes what is due, oldest first, for as long as the lease holds; nobody else gets it before that runs out.
    func take(_ demand: DeliveryDemand, for lease: DeliveryLease) async throws -> [WebhookDelivery]

    /// Renews the lease of deliveries that are under way; those it no longer holds for are another relay's.
    func renew(_ deliveries: [DeliveryID: ClientID], for lease: DeliveryLease) async throws

    /// Notes what became of a delivery. Nothing happens when the lease no longer holds, except that what has been
    /// delivered stays delivered.
    func settle(_ delivery: WebhookDelivery, as settlement: DeliverySettlement, for lease: DeliveryLease) async throws
}

/// A relay's claim to what it has taken.
public struct DeliveryLease: Hashable, Sendable {
    /// One run of a relay.
    public var relayID: NodeID
    public var seconds: Int

    public init(relayID: NodeID, seconds: Int) {
        self.relayID = relayID
        self.seconds = seconds
    }
}

/// How many deliveries a relay has room for.
public struct DeliveryDemand: Hashable, Sendable {
    /// Of all session types together.
    public var total: Int
    /// Of each session type that is not in ``rooms``.
    public var perSessionType: Int
    public var rooms: [SessionTypeID: Int]

    public init(total: Int, perSessionType: Int, rooms: [SessionTypeID: Int]) {
        self.total = total
        self.perSessionType = perSessionType
        self.rooms = rooms
    }
}

/// What becomes of a delivery.
public enum DeliverySettlement: Hashable, Sendable {
    case delivered
    /// To be tried again.
    case waiting(milliseconds: Int64, failedAttempts: Int, reason: String)
    /// Given up.
    case dead(failedAttempts: Int, reason: String)
}

/// How many entries the outboxes hold.
public struct OutboxDepth: Hashable, Sendable {
    /// Push events that were committed and not yet published.
    public var events: Int
    /// Background events to be delivered.
    public var waitingDeliveries: Int
    /// Background events that were given up.
    public var deadDeliveries: Int

    public init(events: Int, waitingDeliveries: Int, deadDeliveries: Int) {
        self.events = events
        self.waitingDeliveries = waitingDeliveries
        self.deadDeliveries = deadDeliveries
    }
}

/// Says how full the outboxes are. Throws as ``WebhookOutbox``.
public protocol OutboxGauge: Sendable {
    func outboxDepth() async throws -> OutboxDepth
}
