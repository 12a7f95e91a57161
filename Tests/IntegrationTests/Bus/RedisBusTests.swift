import ChatBus
import ChatCore
import Synchronization
import TestSupport
import Testing

/// The bus on a healthy Redis.
@Suite(.timeLimit(.minutes(2)))
struct RedisBusTests {
    @Test func `A signal reaches its subscriber, and the sender learns of it`() async throws {
        let server = try await RedisServer.shared()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            try await harness.publish("hello", on: channel, reaching: 1)
            try await harness.publish([], on: .unique(), reaching: 0)
            var iterator = deliveries.makeAsyncIterator()
            #expect(await iterator.next() == .text("hello"))
            try await harness.bus.ping()
            #expect(harness.bus.isConnected)
        }
    }

    @Test func `Two nodes hear each other and themselves`() async throws {
        let server = try await RedisServer.shared()
        let configuration = try RedisConfiguration.forTest(server.url)
        try await BusHarness.run(configuration) { first in
            try await BusHarness.run(configuration) { second in
                let channel = SignalChannel.unique()
                let (_, atFirst) = await first.deliveries(on: channel)
                let (_, atSecond) = await second.deliveries(on: channel)
                try await first.publish("a", on: channel, reaching: 2)
                try await second.publish("b", on: channel, reaching: 2)
                for deliveries in [atFirst, atSecond] {
                    var iterator = deliveries.makeAsyncIterator()
                    #expect(await iterator.next() == .text("a"))
                    #expect(await iterator.next() == .text("b"))
                }
            }
        }
    }

    @Test func `Ten thousand channels are subscribed, heard and left`() async throws {
        let server = try await RedisServer.start()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channels = (0..<10_000).map { SignalChannel(name: "many:\($0)") }
            let (stream, continuation) = AsyncStream.makeStream(of: SignalDelivery.self)
            let subscriptions = await withTaskGroup(of: (any SignalSubscription).self) { group in
                for channel in channels {
                    group.addTask { await harness.bus.subscribe(to: channel) { continuation.yield($0) } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for channel in [channels[0], channels[4_999], channels[9_999]] {
                try await harness.publish(channel.name, on: channel, reaching: 1)
            }
            var iterator = stream.makeAsyncIterator()
            #expect(await iterator.next() == .text("many:0"))
            #expect(await iterator.next() == .text("many:4999"))
            #expect(await iterator.next() == .text("many:9999"))

            try await server.clientKill()
            for _ in channels {
                #expect(await iterator.next() == .restored)
            }
            for subscription in subscriptions {
                subscription.cancel()
            }
            // Requests are sent in order, so a subscription in force shows that the others are left.
            _ = await harness.deliveries(on: .unique())
            for channel in [channels[0], channels[4_999], channels[9_999]] {
                try await harness.publish([1], on: channel, reaching: 0)
            }
        }
        await server.stop()
    }

    @Test func `A cancelled subscription gets nothing more, the others do`() async throws {
        let server = try await RedisServer.shared()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let heard = Mutex<[SignalDelivery]>([])
            let cancelled = await harness.bus.subscribe(to: channel) { delivery in
                heard.withLock { $0.append(delivery) }
            }
            let (_, deliveries) = await harness.deliveries(on: channel)
            var iterator = deliveries.makeAsyncIterator()
            try await harness.publish("before", on: channel, reaching: 1)
            #expect(await iterator.next() == .text("before"))
            cancelled.cancel()
            cancelled.cancel()
            try await harness.publish("after", on: channel, reaching: 1)
            #expect(await iterator.next() == .text("after"))
            // Receivers are called in the order of subscribing, so the first would have heard it already.
            #expect(heard.withLock { $0 } == [.text("before")])
        }
    }

    @Test func `Ten thousand signals arrive in order`() async throws {
        let server = try await RedisServer.shared()
        var configuration = try RedisConfiguration.forTest(server.url)
        // On a busy machine a late pong must not cost the connection, and with it the signals on their way.
        configuration.pingTimeout = .seconds(60)
        configuration.commandTimeout = .seconds(60)
        try await BusHarness.run(configuration) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            async let publishing: Void = {
                for number in 0..<10_000 {
                    try await harness.bus.publish(Array("\(number)".utf8), on: channel)
                }
            }()
            var iterator = deliveries.makeAsyncIterator()
            for number in 0..<10_000 {
                guard await iterator.next() == .text("\(number)") else {
                    Issue.record("\(number) is not in its place")
                    break
                }
            }
            try await publishing
        }
    }

    @Test(arguments: [0, 1, 16 << 10, 1 << 20])
    func `Any bytes pass unchanged`(count: Int) async throws {
        let server = try await RedisServer.shared()
        try await BusHarness.run(.forTest(server.url)) { harness in
            let channel = SignalChannel.unique()
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let (_, deliveries) = await harness.deliveries(on: channel)
            try await harness.publish(payload, on: channel, reaching: 1)
            var iterator = deliveries.makeAsyncIterator()
            #expect(await iterator.next() == .signal(payload))
        }
    }

    @Test func `A payload beyond the limit is refused, and the connection lives on`() async throws {
        let server = try await RedisServer.shared()
        var configuration = try RedisConfiguration.forTest(server.url)
        configuration.maximumPayloadBytes = 100
        try await BusHarness.run(configuration) { harness in
            let error = await #expect(throws: SignalBusError.self) {
                try await harness.bus.publish(Array(repeating: 0, count: 101), on: .unique())
            }
            #expect(error?.code == .refused)
            try await harness.bus.ping()
        }
    }
}
