import ChatBus
import ChatCore
import TestSupport
import Testing

/// The ways to reach and enter a Redis.
@Suite(.timeLimit(.minutes(2)))
struct RedisBusTransportTests {
    @Test func `A password opens, its absence does not`() async throws {
        var options = RedisServer.Options()
        options.password = "open sesame/?#"
        let server = try await RedisServer.start(options)
        let encoded = "open%20sesame%2F%3F%23"
        for address in [
            "redis://:\(encoded)@127.0.0.1:\(server.port)", "redis://default:\(encoded)@localhost:\(server.port)/3",
        ] {
            try await roundTrip(.forTest(address))
        }
        try await expectRefused(.forTest("redis://127.0.0.1:\(server.port)"))
        try await expectRefused(.forTest("redis://:wrong@127.0.0.1:\(server.port)"))
        await server.stop()
    }

    @Test func `A unix socket`() async throws {
        var options = RedisServer.Options()
        options.hasUnixSocket = true
        let server = try await RedisServer.start(options)
        try await roundTrip(.forTest("unix://\(try #require(server.unixSocketPath))?db=1"))
        await server.stop()
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `TLS with an authority of one's own`(host: String) async throws {
        let certificates = try await TestCertificates.make()
        var options = RedisServer.Options()
        options.certificates = certificates
        let server = try await RedisServer.start(options)
        let address = "rediss://\(host):\(try #require(server.tlsPort))"
        try await roundTrip(.forTest("\(address)?ssl_ca_certs=\(certificates.authorityPath)"))
        try await roundTrip(
            .forTest(
                "\(address)?ssl_ca_certs=\(certificates.authorityPath)&ssl_certfile=\(certificates.certificatePath)"
                    + "&ssl_keyfile=\(certificates.keyPath)"
            )
        )
        try await expectRefused(.forTest(address))
        await server.stop()
        certificates.remove()
    }

    @Test func `TLS with a certificate for another name is refused`() async throws {
        let certificates = try await TestCertificates.make()
        var options = RedisServer.Options()
        options.certificates = certificates
        let server = try await RedisServer.start(options)
        let port = try #require(server.tlsPort)
        try await expectRefused(.forTest("rediss://127.0.0.2:\(port)?ssl_ca_certs=\(certificates.authorityPath)"))
        await server.stop()
        certificates.remove()
    }

    @Test func `The connections tell the server who they are`() async throws {
        let server = try await RedisServer.start()
        try await BusHarness.run(.forTest(server.url)) { _ in
            let clients = try await server.command("CLIENT", "LIST")
            #expect(clients.contains("name=chat-engine:commands"))
            #expect(clients.contains("name=chat-engine:subscriptions"))
        }
        await server.stop()
    }

    private func roundTrip(_ configuration: RedisConfiguration) async throws {
        try await BusHarness.run(configuration) { harness in
            let channel = SignalChannel.unique()
            let (_, deliveries) = await harness.deliveries(on: channel)
            try await harness.publish("hello", on: channel, reaching: 1)
            var iterator = deliveries.makeAsyncIterator()
            #expect(await iterator.next() == .text("hello"))
        }
    }

    private func expectRefused(_ configuration: RedisConfiguration) async throws {
        try await BusHarness.runUnconnected(configuration) { harness in
            await harness.log.wait(for: "redis out of reach", count: 4)
            #expect(!harness.bus.isConnected)
            #expect(harness.log.count(of: "redis connected") == 0)
        }
    }
}
