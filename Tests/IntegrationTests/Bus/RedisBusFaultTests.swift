import ChatBus
import ChatCore
import TestSupport
import Testing

/// The bus on a Redis that fails.
@Suite(.timeLimit(.minutes(2)))
struct RedisBusFaultTests {
    @Test func `After a restart every subscription is restored; in between publishing fails at once`() async throws {
        let server = try await RedisServer.start()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            await server.stop()
            await harness.log.wait(for: "redis connection lost", count: 2)
            #expect(!harness.bus.isConnected)
            let error = await #expect(throws: SignalBusError.self) {
                try await harness.bus.publish([1], on: channel)
            }
            #expect(error?.code == .notConnected)
            let (_, late) = await harness.deliveries(on: channel)

            try await server.start()
            for deliveries in [deliveries, late] {
                var iterator = deliveries.makeAsyncIterator()
                #expect(await iterator.next() == .restored)
            }
            await harness.log.wait(for: "redis connected", count: 4)
            try await harness.publish("again", on: channel, reaching: 1)
            var iterator = deliveries.makeAsyncIterator()
            #expect(await iterator.next() == .text("again"))
        }
        await server.stop()
    }

    @Test func `A frozen server is noticed and used again when it wakes`() async throws {
        let server = try await RedisServer.start()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            server.pause()
            let error = await #expect(throws: SignalBusError.self) {
                try await harness.bus.publish([1], on: channel)
            }
            #expect(error?.code == .connectionLost)
            await harness.log.wait(for: "redis connection lost", count: 2)
            #expect(!harness.bus.isConnected)
            server.resume()
            var iterator = deliveries.makeAsyncIterator()
            // The signal is still in the frozen server's input: it may arrive, on the old connection never.
            #expect(await iterator.next() == .restored)
            await harness.log.wait(for: "redis connected", count: 4)
            try await harness.bus.ping()
        }
        await server.stop()
    }

    @Test func `A publish that is not answered in time says so`() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration.forTest(server.url)
        configuration.commandTimeout = .milliseconds(50)
        configuration.pingInterval = .seconds(60)
        try await BusHarness.run(configuration) { harness in
            server.pause()
            let error = await #expect(throws: SignalBusError.self) {
                try await harness.bus.publish([1], on: .unique())
            }
            #expect(error?.code == .timedOut)
            server.resume()
        }
        await server.stop()
    }

    @Test func `A cancelled publish ends at once`() async throws {
        let server = try await RedisServer.start()
        var configuration = try RedisConfiguration.forTest(server.url)
        configuration.pingInterval = .seconds(60)
        try await BusHarness.run(configuration) { harness in
            server.pause()
            let publishing = Task { try await harness.bus.publish([1], on: .unique()) }
            publishing.cancel()
            await #expect(throws: CancellationError.self) { try await publishing.value }
            server.resume()
            try await harness.bus.ping()
        }
        await server.stop()
    }

    @Test func `Killed connections come back, each with its work`() async throws {
        let server = try await RedisServer.start()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            var iterator = deliveries.makeAsyncIterator()
            for round in 1...3 {
                try await server.clientKill(type: "pubsub")
                #expect(await iterator.next() == .restored)
                try await harness.publish("\(round)", on: channel, reaching: 1)
                #expect(await iterator.next() == .text("\(round)"))
            }
            let connected = harness.log.count(of: "redis connected")
            try await server.clientKill(type: "normal")
            await harness.log.wait(for: "redis connected", count: connected + 1)
            try await harness.publish("last", on: channel, reaching: 1)
            #expect(await iterator.next() == .text("last"))
        }
        await server.stop()
    }

    @Test func `Emptying Redis changes nothing`() async throws {
        let server = try await RedisServer.start()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            let answer = try await server.command("FLUSHALL")
            #expect(answer == "OK")
            try await harness.publish("still", on: channel, reaching: 1)
            var iterator = deliveries.makeAsyncIterator()
            #expect(await iterator.next() == .text("still"))
        }
        await server.stop()
    }

    @Test func `A bus that starts first waits for its server`() async throws {
        let server = try await RedisServer.start()
        await server.stop()
        let configuration = try RedisConfiguration.forTest(server.url)
        async let running: Void = BusHarness.run(configuration) { harness in
            try await harness.bus.ping()
        }
        try await server.start()
        try await running
        await server.stop()
    }
}
