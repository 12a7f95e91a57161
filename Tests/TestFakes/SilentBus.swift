public import ChatCore

/// A bus that nobody else is on.
public struct SilentBus: SignalBus {
    private struct Subscription: SignalSubscription {
        func cancel() {}
    }

    public init() {}

    public var isConnected: Bool { false }

    public func publish(_ payload: [UInt8], on channel: SignalChannel) async throws -> Int { 0 }

    public func subscribe(
        to channel: SignalChannel,
        receive: @escaping @Sendable (SignalDelivery) -> Void
    ) async -> any SignalSubscription { Subscription() }
}
