import NIOCore
import NIOPosix

/// A TCP connection of a test that says nothing.
public struct SilentConnection: Sendable {
    private let channel: any Channel

    public static func open(host: String = "127.0.0.1", port: Int) async throws -> SilentConnection {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        return SilentConnection(channel: try await bootstrap.connect(host: host, port: port).get())
    }

    public func close() async throws { try await channel.close() }
}
