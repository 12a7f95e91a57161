import ChatCore

/// What a relay has under way, and how much more it takes: so much of each session type, so that a backend that is slow
/// or gone holds up none but itself, and nothing of those whose circuits are open. Half of the room is for session types
/// that have nothing under way, so that many such backends do not hold up the others either.
struct DeliveryDesk: Sendable {
    static let maximumOfOneType = 8
    static let maximumOfAll = 256

    /// The deliveries under way, and whose they are.
    private(set) var held: [DeliveryID: ClientID] = [:]
    private var counts: [SessionTypeID: Int] = [:]
    private var pauses: [SessionTypeID: ContinuousClock.Instant] = [:]

    /// What to take now; `nil` when there is no room.
    mutating func demand(at now: ContinuousClock.Instant) -> DeliveryDemand? {
        guard held.count < Self.maximumOfAll else { return nil }
        pauses = pauses.filter { $0.value > now }
        let shared = Self.maximumOfAll / 2 - held.count
        let perSessionType = shared > 0 ? Self.maximumOfOneType : 1
        var rooms = counts.mapValues { max(0, perSessionType - $0) }
        for type in pauses.keys { rooms[type] = 0 }
        let total = shared > 0 ? shared : Self.maximumOfAll - held.count
        return DeliveryDemand(total: total, perSessionType: perSessionType, rooms: rooms)
    }

    /// - Returns: `false` when it is under way already: its lease ran out, and was taken again.
    mutating func began(_ delivery: WebhookDelivery) -> Bool {
        guard held.updateValue(delivery.clientID, forKey: delivery.id) == nil else { return false }
        counts[delivery.sessionTypeID, default: 0] += 1
        return true
    }

    mutating func ended(_ delivery: WebhookDelivery) {
        guard held.removeValue(forKey: delivery.id) != nil else { return }
        let left = (counts[delivery.sessionTypeID] ?? 1) - 1
        counts[delivery.sessionTypeID] = left > 0 ? left : nil
    }

    /// Nothing of this session type is to be taken before `moment`.
    mutating func pause(_ type: SessionTypeID, until moment: ContinuousClock.Instant) {
        pauses[type] = max(moment, pauses[type] ?? moment)
    }
}
