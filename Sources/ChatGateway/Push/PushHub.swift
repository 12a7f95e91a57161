import ChatCore
import ChatRuntime
import CoreMetrics
import Logging
import Synchronization

/// Brings push events from the bus and the event log to this node's connections: to each exactly once, in order.
final class PushHub: Sendable {
    private static let readBackCount = 500
    /// How often the log is looked at while the bus is away.
    private static let logInterval: Duration = .seconds(1)
    /// Of a client's events, what a connection may be given before it takes some.
    private static let pauseBytes = 1 << 20

    private struct Entry {
        /// The feed, once its channel is subscribed and the end of its log is known.
        let feed: Task<ClientFeed, any Error>
        let subscription: Task<any SignalSubscription, Never>
        var users = 0
        /// The feed, once it stands: events are handed to it on the spot then, in the order they come.
        var standing: ClientFeed?
    }

    private struct State {
        var entries: [ClientID: Entry] = [:]
        /// Clients whose events may have been lost with the bus.
        var unsure: Set<ClientID> = []
        var isChecking = false
    }

    private let events: any EventStore
    private let bus: any SignalBus
    private let logger: Logger
    private let metrics: GatewayMetrics
    private let state = Mutex(State())

    init(events: any EventStore, bus: any SignalBus, metrics: GatewayMetrics, logger: Logger) {
        self.events = events
        self.bus = bus
        self.metrics = metrics
        self.logger = logger
    }

    /// Sends the connection its `connection.ready`, then what the client missed since `lastSeq`, then every new event.
    ///
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the event log cannot be read.
    func attach(_ connection: Connection, client: ClientID, after lastSeq: Int64?) async throws -> PushAttachment {
        let task = enter(client)
        do {
            let feed = try await task.value
            try await bring(connection, into: feed, after: lastSeq)
            return PushAttachment {
                feed.leave(connection)
                self.leave(client)
            }
        } catch {
            leave(client)
            throw error
        }
    }

    private func bring(_ connection: Connection, into feed: ClientFeed, after lastSeq: Int64?) async throws {
        // Said once, however often it is tried to join.
        var isReady = false
        func ready(_ position: Int64) {
            guard !isReady else { return }
            isReady = true
            connection.sendReady(lastSeq: position, client: feed.client)
        }
        let flow = connection.makeFlow(pauseBytes: Self.pauseBytes)
        func resync(from position: Int64) {
            ready(position)
            tellResync(connection, from: position)
            while !feed.join(connection, after: max(position, feed.position), flow: flow, ready: ready) {}
        }
        guard let lastSeq else {
            while !feed.join(connection, after: feed.position, flow: flow, ready: ready) {}
            return
        }
        // This node may not have heard yet of what the client had elsewhere; what nobody ever wrote is no position.
        if lastSeq > feed.position {
            let end = try await events.lastSeqs(of: [feed.client])[feed.client] ?? 0
            guard lastSeq <= end else { return resync(from: end) }
        }
        // More is not told, not even in part.
        guard feed.position - lastSeq <= EventReach.maximumEvents else { return resync(from: feed.position) }
        var position = lastSeq
        while !feed.join(connection, after: position, flow: flow, ready: ready) {
            ready(feed.position)
            let missed = try await events.events(of: feed.client, after: position, limit: Self.readBackCount).events
            guard let first = missed.first, Self.isWhole(missed, after: position),
                first.createdAt > Timestamp.now.advanced(bySeconds: -EventReach.seconds)
            else { return resync(from: feed.position) }
            position = await replay(missed, to: connection, over: flow) ?? position
        }
    }

    /// Whether every number is there: none was dropped from the log, not even in between.
    private static func isWhole(_ events: [PushEvent], after position: Int64) -> Bool {
        guard let last = events.last else { return false }
        return last.seq - position == events.count
    }

    /// Gives a connection events of the log as it takes them. - Returns: the number of the last.
    private func replay(_ events: [PushEvent], to connection: Connection, over flow: StreamFlow) async -> Int64? {
        for event in events {
            let bytes = ServerEnvelope.encode(event)
            let hasRoom = flow.given(bytes.count)
            connection.outbound.send(text: bytes, flow: flow)
            metrics.replayedEvents.increment()
            if !hasRoom { await flow.waitForRoom() }
        }
        return events.last?.seq
    }

    /// Has a client read the state anew.
    private func tellResync(_ connection: Connection, from position: Int64) {
        metrics.resyncs.increment()
        let payload: JSONValue = ["last_seq": .integer(position)]
        connection.outbound.send(text: ServerEnvelope.encode(.connectionResync, payload))
    }

    /// Gives a connection that was behind what it has missed, as it takes it, until it is given what comes by itself again.
    private func catchUp(_ receiver: ClientFeed.Receiver, in feed: ClientFeed) async {
        var position = receiver.position
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
        while true {
            // A connection that is gone has room, and has left the feed.
            await receiver.flow.waitForRoom()
            guard case .hasMissed = feed.rejoin(receiver.connection, after: position) else { return }
            do {
                let missed = try await events.events(of: feed.client, after: position, limit: Self.readBackCount).events
                if Self.isWhole(missed, after: position) {
                    position = await replay(missed, to: receiver.connection, over: receiver.flow) ?? position
                } else {
                    position = feed.position
                    tellResync(receiver.connection, from: position)
                }
            } catch {
                logger.warning("The event log could not be read back", metadata: .keys([.error: "\(error)"]))
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    // MARK: Feeds

    /// The client's feed, made if need be; given back by ``leave(_:)``.
    private func enter(_ client: ClientID) -> Task<ClientFeed, any Error> {
        state.withLock { state in
            if let entry = state.entries[client] {
                state.entries[client]?.users += 1
                return entry.feed
            }
            // What arrives before the feed stands is not lost: it is in the log, whose end is read after subscribing.
            let subscription = Task {
                await self.bus.subscribe(to: .events(of: client)) { self.received($0, client: client) }
            }
            let feed = Task {
                _ = await subscription.value
                let position = try await self.events.lastSeqs(of: [client])[client] ?? 0
                let feed = ClientFeed(client: client, position: position, metrics: self.metrics) { feed, receiver in
                    Task { await self.catchUp(receiver, in: feed) }
                }
                self.state.withLock { $0.entries[client]?.standing = feed }
                return feed
            }
            state.entries[client] = Entry(feed: feed, subscription: subscription, users: 1)
            return feed
        }
    }

    private func leave(_ client: ClientID) {
        let abandoned = state.withLock { state -> Entry? in
            guard var entry = state.entries[client] else { return nil }
            entry.users -= 1
            state.entries[client] = entry.users > 0 ? entry : nil
            return entry.users > 0 ? nil : entry
        }
        guard let abandoned else { return }
        Task { await abandoned.subscription.value.cancel() }
    }

    private func feed(of client: ClientID) -> Task<ClientFeed, any Error>? {
        state.withLock { $0.entries[client]?.feed }
    }
}

extension PushHub {
    /// On the bus's own thread: no waiting here.
    private func received(_ delivery: SignalDelivery, client: ClientID) {
        switch delivery {
        case .restored:
            check(client)
        case .signal(let bytes):
            guard let event = PushEventSignal.decode(bytes, client: client) else {
                logger.warning("An unreadable event came over the bus", metadata: .keys([.clientID: "\(client)"]))
                return
            }
            guard let entry = state.withLock({ $0.entries[client] }) else { return }
            if let feed = entry.standing {
                arrived(event, in: feed)
            } else {
                // The feed may already have read where the log ends, without this event.
                Task { (try? await entry.feed.value).map { self.arrived(event, in: $0) } }
            }
        }
    }

    private func arrived(_ event: PushEvent, in feed: ClientFeed) {
        // An event too large for the bus is only told of, and read from the log.
        let missing = event.payload.isEmpty ? feed.told(of: event.seq) : feed.arrived(event)
        guard let position = missing else { return }
        Task { await readBack(feed, after: position) }
    }

    private func readBack(_ feed: ClientFeed, after position: Int64) async {
        var next: Int64? = position
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
        while let position = next {
            do {
                let page = try await events.events(of: feed.client, after: position, limit: Self.readBackCount)
                next = feed.readBack(page.events, reachedEnd: page.reachesEnd)
            } catch {
                logger.warning("The event log could not be read back", metadata: .keys([.error: "\(error)"]))
                feed.readBackFailed()
                try? await Task.sleep(for: backoff.next())
                next = feed.restored()
            }
        }
    }

    /// Has the client's feed compared with the log; many at once are looked up together.
    private func check(_ client: ClientID) {
        let mustStart = state.withLock { state in
            state.unsure.insert(client)
            defer { state.isChecking = true }
            return !state.isChecking
        }
        if mustStart { Task { await checkUnsure() } }
    }

    /// While the bus is away, has every client's feed compared with the log again and again; until cancelled.
    func watchLogWithoutBus() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.logInterval)
            guard !bus.isConnected, !Task.isCancelled else { continue }
            let mustStart = state.withLock { state in
                state.unsure.formUnion(state.entries.keys)
                defer { state.isChecking = true }
                return !state.isChecking
            }
            if mustStart { await checkUnsure() }
        }
    }

    private func checkUnsure() async {
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(2))
        while true {
            let clients = state.withLock { state -> [ClientID] in
                let clients = Array(state.unsure.prefix(Self.readBackCount))
                state.unsure.subtract(clients)
                if clients.isEmpty { state.isChecking = false }
                return clients
            }
            guard !clients.isEmpty else { return }
            do {
                for (client, lastSeq) in try await events.lastSeqs(of: clients) {
                    guard let feed = try? await feed(of: client)?.value, feed.position < lastSeq else { continue }
                    if let position = feed.restored() { Task { await self.readBack(feed, after: position) } }
                }
            } catch {
                logger.warning("The ends of event logs could not be read", metadata: .keys([.error: "\(error)"]))
                state.withLock { $0.unsure.formUnion(clients) }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}

/// A connection's place among the receivers of its client's events.
struct PushAttachment: Sendable {
    private let leave: @Sendable () -> Void

    init(leave: @escaping @Sendable () -> Void) {
        self.leave = leave
    }

    func cancel() { leave() }
}
