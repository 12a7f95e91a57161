import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A TCP proxy on loopback that can do to connections what networks do: delay them, hold what is sent, cut them, and lose
/// the reply to a commit.
final class FaultProxy: Sendable {
    enum Mode: Equatable, Sendable {
        case open
        /// Everything comes so much later, in its order.
        case delay(milliseconds: Int64)
        /// Nothing comes through, and connections stay; what was sent comes when the proxy is open again.
        case blackHole
        /// New connections are closed at once.
        case refuse
        /// Of the replies that say a command is complete, each so manieth is lost together with its connection.
        case loseReplies(every: Int, onlyCommits: Bool)
    }

    private struct State {
        var mode = Mode.open
        var links: [Int: ProxyLink] = [:]
        var nextLink = 0
        var repliesSeen = 0
        var repliesLost = 0
        var listener: (any Channel)?
    }

    /// Where it listens.
    let port: Int
    private let targetPort: Watched<Int?>
    private let state = Mutex(State())

    private init(port: Int) {
        self.port = port
        targetPort = Watched(nil)
    }

    /// Starts a proxy that refuses everything until it has a target.
    static func start() async throws -> FaultProxy {
        let proxy = FaultProxy(port: try FreePort.next())
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in proxy.accept(client) }
            .bind(host: "127.0.0.1", port: proxy.port).get()
        proxy.state.withLock { $0.listener = listener }
        return proxy
    }

    func aim(at port: Int) {
        targetPort.update { $0 = port }
    }

    var mode: Mode { state.withLock { $0.mode } }

    var connectionCount: Int { state.withLock { $0.links.count } }

    /// Changes what happens to connections, those there are and those to come.
    func set(_ mode: Mode) {
        let links = state.withLock { state in
            state.mode = mode
            return Array(state.links.values)
        }
        for link in links { link.modeChanged() }
    }

    /// Cuts every connection on both sides.
    func reset() {
        let links = state.withLock { Array($0.links.values) }
        for link in links { link.reset() }
    }

    /// How many replies were lost since the last time this was asked.
    func takeRepliesLost() -> Int {
        state.withLock { state in
            defer { state.repliesLost = 0 }
            return state.repliesLost
        }
    }

    func stop() async throws {
        try await state.withLock { $0.listener }?.close()
        reset()
    }

    /// Whether this reply, which has come from the server, is one to be lost.
    func loses(_ reply: ByteBuffer) -> Bool {
        state.withLock { state in
            guard case .loseReplies(let every, let onlyCommits) = state.mode,
                CommandTags.complete(in: reply, onlyCommits: onlyCommits)
            else { return false }
            state.repliesSeen += 1
            guard state.repliesSeen.isMultiple(of: max(every, 1)) else { return false }
            state.repliesLost += 1
            return true
        }
    }

    private func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        guard mode != .refuse, let target = targetPort.current else {
            return client.eventLoop.makeFailedFuture(ChannelError.connectTimeout(.zero))
        }
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { server in
                let link = try ProxyLink(client: client, server: server, proxy: self)
                let number = self.state.withLock { state in
                    state.nextLink += 1
                    state.links[state.nextLink] = link
                    return state.nextLink
                }
                client.closeFuture.whenComplete { _ in
                    self.state.withLock { _ = $0.links.removeValue(forKey: number) }
                }
            }
            .flatMap { client.setOption(.autoRead, value: true) }
    }
}
