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

    /// The clients of one purpose, by the place of their event loop; made when they are needed.
    private struct Entry {
        var clients: [HTTPClient?]
        /// Calls under way, with each.
        var users: [Int]
        var lastPlace = 0
        var unusedSince: NIODeadline?

        init(places: Int) {
            clients = Array(repeating: nil, count: places)
            users = Array(repeating: 0, count: places)
        }

        /// Where the fewest calls are; of several such places the one that was used last, whose connection is still
        /// open.
        var bestPlace: Int {
            users.indices.min { (users[$0], $0 == lastPlace ? 0 : 1) < (users[$1], $1 == lastPlace ? 0 : 1) } ?? 0
        }
    }

    private struct Pool {
        var entries: [Purpose: Entry] = [:]
        var isClosed = false
    }

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
            let client = entry.clients[place] ?? make(purpose, eventLoops[place])
            entry.clients[place] = client
            entry.users[place] += 1
            entry.lastPlace = place
            entry.unusedSince = nil
            pool.entries[purpose] = entry
            return (Lease(client: client, eventLoop: eventLoops[place], purpose: purpose, place: place), unused)
        }
        for client in unused { Task { try await client.shutdown() } }
        guard let lease else { throw BackendFailure(.connection, "The process is about to end") }
        return lease
    }

    func giveBack(_ lease: Lease) {
        pool.withLock { pool in
            guard var entry = pool.entries[lease.purpose] else { return }
            entry.users[lease.place] -= 1
            if entry.users.allSatisfy({ $0 == 0 }) { entry.unusedSince = .now() }
            pool.entries[lease.purpose] = entry
        }
    }

    /// Ends all clients with their connections and calls.
    func shutdown() async {
        let all = pool.withLock { pool in
            pool.isClosed = true
            defer { pool.entries = [:] }
            return pool.entries.values.flatMap(\.clients)
        }
        for client in all { try? await client?.shutdown() }
    }

    private func removeUnused(from pool: inout Pool) -> [HTTPClient] {
        let oldest = NIODeadline.now() - keepUnused
        let unused = pool.entries.filter { $0.value.unusedSince.map { $0 < oldest } ?? false }
        for purpose in unused.keys { pool.entries[purpose] = nil }
        return unused.values.flatMap(\.clients).compactMap { $0 }
    }
}
