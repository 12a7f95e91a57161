import ChatCore
import Logging
import Synchronization
import Testing

@testable import ChatRelay

@Suite struct EventRelayTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func events(of clients: [String], each count: Int64) throws -> [PushEvent] {
        try clients.flatMap { name in
            let client = try #require(ClientID(name))
            return (1...count).map { seq in
                PushEvent(clientID: client, seq: seq, kind: .messageCreated, payload: "{}", createdAt: .now)
            }
        }
    }

    @Test func publishesEachClientsEventsInOrder() async throws {
        let outbox = FakeOutbox(try events(of: ["a", "b", "c"], each: 50))
        let bus = RecordingBus()
        let relay = EventRelay(outbox: outbox, bus: bus, logger: logger)
        try await relay.drainOnce()
        for name in ["a", "b", "c"] {
            let client = try #require(ClientID(name))
            let seqs = bus.published(on: .events(of: client)).map { PushEventSignal.decode($0, client: client)?.seq }
            #expect(seqs == (1...50).map { Optional(Int64($0)) })
        }
        #expect(outbox.waiting.isEmpty)
    }

    @Test func whatTheBusDoesNotTakeStays() async throws {
        let outbox = FakeOutbox(try events(of: ["a"], each: 3))
        let bus = RecordingBus()
        bus.isAway = true
        let relay = EventRelay(outbox: outbox, bus: bus, logger: logger)
        await #expect(throws: SignalBusError.self) { try await relay.drainOnce() }
        #expect(outbox.waiting.count == 3)
        bus.isAway = false
        try await relay.drainOnce()
        #expect(outbox.waiting.isEmpty)
    }

    @Test func goesOnUntilAShardIsEmpty() async throws {
        let outbox = FakeOutbox(try events(of: ["a"], each: 1200))
        let bus = RecordingBus()
        try await EventRelay(outbox: outbox, bus: bus, logger: logger).drainOnce()
        #expect(outbox.waiting.isEmpty)
        #expect(outbox.drains == 3)
    }
}

private final class FakeOutbox: EventOutbox {
    private struct State {
        var events: [PushEvent]
        var drains = 0
    }

    private let state: Mutex<State>

    init(_ events: [PushEvent]) {
        state = Mutex(State(events: events))
    }

    var waiting: [PushEvent] { state.withLock { $0.events } }
    var drains: Int { state.withLock { $0.drains } }

    func drain(
        shard: Int,
        limit: Int,
        publish: @Sendable ([PushEvent]) async throws -> Void
    ) async throws -> OutboxDrain {
        let batch = state.withLock { state in
            state.drains += 1
            return Array(state.events.prefix(limit))
        }
        try await publish(batch)
        return state.withLock { state in
            state.events.removeFirst(batch.count)
            return state.events.isEmpty ? .emptied : .moreWaiting
        }
    }

    func waitingShards() async throws -> [Int] { waiting.isEmpty ? [] : [7] }
}

private final class RecordingBus: SignalBus {
    private struct State {
        var published: [(SignalChannel, [UInt8])] = []
        var isAway = false
    }

    private struct Nothing: SignalSubscription {
        func cancel() {}
    }

    private let state = Mutex(State())

    var isConnected: Bool { !isAway }
    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    func published(on channel: SignalChannel) -> [[UInt8]] {
        state.withLock { $0.published.filter { $0.0 == channel }.map(\.1) }
    }

    func publish(_ payload: [UInt8], on channel: SignalChannel) async throws -> Int {
        guard !isAway else { throw SignalBusError(.notConnected, "away") }
        state.withLock { $0.published.append((channel, payload)) }
        return 1
    }

    func subscribe(
        to channel: SignalChannel,
        receive: @escaping @Sendable (SignalDelivery) -> Void
    ) async -> any SignalSubscription { Nothing() }
}
