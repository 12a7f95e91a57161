import NIOCore
import NIOEmbedded
import Testing

@testable import ChatGateway

@Suite struct ConnectionRegistryTests {
    @Test func channelsThatAreOpenAreBounded() throws {
        let registry = ConnectionRegistry(maximum: 4, maximumPerClient: 1)
        let channels = (0..<4 + ConnectionRegistry.maximumRefused).map { _ in EmbeddedChannel() }
        for channel in channels { #expect(registry.arrived(channel)) }
        #expect(!registry.arrived(EmbeddedChannel()))
        #expect(!registry.arrived(EmbeddedChannel()))
        _ = try channels[0].finish()
        channels[0].embeddedEventLoop.run()
        #expect(registry.arrived(EmbeddedChannel()))
        #expect(!registry.arrived(EmbeddedChannel()))
    }
}
