internal import AsyncHTTPClient
internal import ChatCore
internal import NIOCore
internal import Synchronization

/// The HTTP clients of this process: one for each session type and address, so that no session type waits for, or fails
/// with, the connections of another, even where they share a host; and of those one for each event loop, so that a call
/// and its connection are on the same one.
final class ClientPool: Sendable {
    /// What a client is for.
    struct Purpose: Hashable, Sendable {
        let sessionTypeID: SessionTypeID
        /// As the request names it.
        let host: String
        /// Where the host is; the client connects to this address, whatever the name service says by then.
        let address: String
        /// The host has more addresses, so that this one need not be waited for that long.
        let hasAlternatives: Bool
    }

    /// A client to make one call with; to be given back.
    struct Lease: Sendable {
        let client: HTTPClient
        let eventLoop: any EventLoop
        fileprivate let purpose: Purpose
        fileprivate let place: Int
    }

    private struct Slot {
        let client: HTTPClient
        /// Calls under way.
        var users = 0
    }

    /// The clients of one purpose, by the place of their event loop; made when they are needed.
    private struct Entry {
        var slots: [Slot?]
        var lastPlace = 0
        var unusedSince: NIODeadline?

        init(places: Int) {
            slots = Array(repeating: nil, count: places)
        }

        func users(_ place: Int) -> Int { slots[place]?.users ?? 0 }

        /// Where the fewest calls are; of several such places the one that was used last, whose connection is still
        /// open.
        var bestPlace: Int {
            slots.indices.min { (users($0), $0 == lastPlace ? 0 : 1) < (users($1), $1 == lastPlace ? 0 : 1) } ?? 0
        }
    }

    private struct Pool {
        var entries: [Purpose: Entry] = [:]
        /// Clients that get no further calls and still have some.
        var retired: [ObjectIdentifier: Slot] = [:]
        var isClosed = false
    }

    /// For how long ``shutdown()`` waits for the clients; one with a connection that hangs would never end.
    private static let shutdownPatience = Duration.seconds(2)

    private let eventLoops: [any EventLoop]
    private let pool = Mutex(Pool())
    private let keepUnused: TimeAmount
    private let make: @Sendable (Purpose, any EventLoop) -> HTTPClient

    /// - Parameter keepUnused: how long clients that nobody uses are kept.
    init(
        eventLoopGroup: any EventLoopGroup,
        keepUnused: TimeAmount,
        make: @escaping @Sendable (Purpose, any EventLoop) -> HTTPClient
    ) {
        eventLoops = Array(eventLoopGroup.makeIterator())
        self.keepUnused = keepUnused
        self.make = make
    }

    /// A client to make one call with; to be given back with ``giveBack(_:)``.
    ///
    /// - Throws: ``BackendFailure`` after ``shutdown()``.
    func take(_ purpose: Purpose) throws(BackendFailure) -> Lease {
        let (lease, unused) = pool.withLock { pool -> (Lease?, [HTTPClient]) in
            guard !pool.isClosed else { return (nil, []) }
            let unused = removeUnused(from: &pool)
            var entry = pool.entries[purpose] ?? Entry(places: eventLoops.count)
            let place = entry.bestPlace
            var slot = entry.slots[place] ?? Slot(client: make(purpose, eventLoops[place]))
            slot.users += 1
            entry.slots[place] = slot
            entry.lastPlace = place
            entry.unusedSince = nil
            pool.entries[purpose] = entry
            return (Lease(client: slot.client, eventLoop: eventLoops[place], purpose: purpose, place: place), unused)
        }
        Self.end(unused)
        guard let lease else { throw BackendFailure(.connection, "The process is about to end") }
        return lease
    }

    func giveBack(_ lease: Lease) {
        let unused = pool.withLock { pool -> HTTPClient? in
            let client = ObjectIdentifier(lease.client)
            if pool.entries[lease.purpose]?.slots[lease.place]?.client === lease.client {
                pool.entries[lease.purpose]?.slots[lease.place]?.users -= 1
                if let entry = pool.entries[lease.purpose], entry.slots.allSatisfy({ $0?.users ?? 0 == 0 }) {
                    pool.entries[lease.purpose]?.unusedSince = .now()
                }
            } else if var slot = pool.retired[client] {
                slot.users -= 1
                pool.retired[client] = slot.users > 0 ? slot : nil
                if slot.users == 0 { return slot.client }
            }
            return nil
        }
        Self.end([unused].compactMap(\.self))
    }

    /// The client had no connection for a call in time: it gets no further ones, as it may wait for ever for one that
    /// hangs, or have as many streams as the backend allows. Those under way go on.
    func retire(_ lease: Lease) {
        pool.withLock { pool in
            guard let slot = pool.entries[lease.purpose]?.slots[lease.place], slot.client === lease.client else {
                return
            }
            pool.entries[lease.purpose]?.slots[lease.place] = nil
            pool.retired[ObjectIdentifier(slot.client)] = slot
        }
    }

    /// Ends all clients with their connections and calls, and returns when they have ended, after 2 s at the latest.
    func shutdown() async {
        let all = pool.withLock { pool in
            pool.isClosed = true
            defer { (pool.entries, pool.retired) = ([:], [:]) }
            return pool.entries.values.flatMap(\.slots).compactMap { $0?.client } + pool.retired.values.map(\.client)
        }
        let (end, ended) = AsyncStream.makeStream(of: Void.self)
        Task {
            await withTaskGroup(of: Void.self) { group in
                for client in all { group.addTask { try? await client.shutdown() } }
            }
            ended.finish()
        }
        let patience = Task {
            try await Task.sleep(for: Self.shutdownPatience)
            ended.finish()
        }
        for await _ in end {}
        patience.cancel()
    }

    private static func end(_ clients: [HTTPClient]) {
        for client in clients { Task { try await client.shutdown() } }
    }

    private func removeUnused(from pool: inout Pool) -> [HTTPClient] {
        let oldest = NIODeadline.now() - keepUnused
        let unused = pool.entries.filter { $0.value.unusedSince.map { $0 < oldest } ?? false }
        for purpose in unused.keys { pool.entries[purpose] = nil }
        return unused.values.flatMap(\.slots).compactMap { $0?.client }
    }
}
