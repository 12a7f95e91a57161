/// Tells the relays that events were committed. When the bus is away nobody hears it, and the relays find the events by
/// looking themselves a little later.
public struct OutboxBell: Sendable {
    private let bus: any SignalBus

    public init(bus: any SignalBus) {
        self.bus = bus
    }

    /// Returns at once.
    public func ring() {
        Task { _ = try? await bus.publish([UInt8(ascii: "1")], on: .outbox) }
    }
}
