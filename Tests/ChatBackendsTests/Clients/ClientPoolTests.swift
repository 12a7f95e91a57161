import AsyncHTTPClient
import ChatCore
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ChatBackends

@Suite struct ClientPoolTests {
    private final class Made: Sendable {
        private let purposes = Mutex<[ClientPool.Purpose]>([])
        var all: [ClientPool.Purpose] { purposes.withLock { $0 } }
        func add(_ purpose: ClientPool.Purpose) { purposes.withLock { $0.append(purpose) } }
    }

    private let made = Made()

    /// Runs `body` with a pool over three event loops.
    private func withPool(keepUnused: TimeAmount = .hours(1), _ body: (ClientPool) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let pool = ClientPool(eventLoopGroup: group, keepUnused: keepUnused) { [made] purpose, eventLoop in
            made.add(purpose)
            return HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: HTTPClient.Configuration())
        }
        try await body(pool)
        await pool.shutdown()
        try await group.shutdownGracefully()
    }

    private func purpose(_ host: String = "backend.example", of id: SessionTypeID = .make()) -> ClientPool.Purpose {
        ClientPool.Purpose(sessionTypeID: id, host: host, address: "93.184.215.14", hasAlternatives: false)
    }

    @Test func `Calls one after the other have the same client, calls at a time are spread over the event loops`()
        async throws
    {
        try await withPool { pool in
            let purpose = purpose()
            let first = try pool.take(purpose)
            pool.giveBack(first)
            let second = try pool.take(purpose)
            #expect(second.client === first.client)
            let others = [try pool.take(purpose), try pool.take(purpose)]
            let loops = Set(([second] + others).map { ObjectIdentifier($0.eventLoop) })
            #expect(loops.count == 3)
            for lease in others { #expect(lease.client.eventLoopGroup.any() === lease.eventLoop) }
            let fourth = try pool.take(purpose)
            #expect(made.all.count == 3)
            for lease in others + [second, fourth] { pool.giveBack(lease) }
        }
    }

    @Test func `Session types and addresses have clients of their own`() async throws {
        try await withPool { pool in
            let id = SessionTypeID.make()
            let leases = [
                try pool.take(purpose(of: id)), try pool.take(purpose()),
                try pool.take(purpose("other.example", of: id)),
            ]
            #expect(Set(leases.map { ObjectIdentifier($0.client) }).count == 3)
            for lease in leases { pool.giveBack(lease) }
        }
    }

    @Test func `A client that nobody uses is let go, one that is in use is kept`() async throws {
        try await withPool(keepUnused: .nanoseconds(-1)) { pool in
            let (unused, used, other) = (purpose(), purpose(), purpose())
            let lease = try pool.take(used)
            pool.giveBack(try pool.take(unused))
            pool.giveBack(try pool.take(other))
            pool.giveBack(try pool.take(unused))
            pool.giveBack(lease)
            #expect(made.all == [used, unused, other, unused])
        }
    }

    @Test func `Nothing is given out once the pool is closed`() async throws {
        try await withPool { pool in
            await pool.shutdown()
            #expect(throws: BackendFailure.self) { try pool.take(purpose()) }
        }
    }

    @Test func `A client that had no connection in time gets no further calls, and keeps those it has`() async throws {
        try await withPool { pool in
            let purpose = purpose()
            let stuck = try pool.take(purpose)
            pool.retire(stuck)
            let next = try pool.take(purpose)
            #expect(next.client !== stuck.client)
            #expect(made.all.count == 2)
            pool.giveBack(stuck)
            pool.retire(next)
            pool.retire(next)
            let third = try pool.take(purpose)
            #expect(third.client !== next.client)
            pool.giveBack(next)
            pool.giveBack(third)
            #expect(try pool.take(purpose).client === third.client)
        }
    }
}
