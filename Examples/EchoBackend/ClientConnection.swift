import Hummingbird
import NIOCore
import Synchronization

/// The connection a request came on, watched for its end, so that an answer nobody waits for is not produced.
final class ClientConnection: Sendable {
    struct Closed: Error {}

    private struct State {
        var isClosed = false
        var sleep: Task<Void, any Error>?
    }

    private let state = Mutex(State())

    /// What the kernel takes of a stream that the engine does not read; left to itself it takes megabytes.
    private static let sendBufferBytes = 64 * 1024

    init(_ channel: any Channel) async throws {
        // So that `/stats` shows soon that nobody reads.
        try await channel.setOption(.socketOption(.so_sndbuf), value: .init(Self.sendBufferBytes)).get()
        channel.closeFuture.whenComplete { [weak self] _ in self?.closed() }
    }

    /// - Throws: ``Closed`` as soon as the client is gone.
    func pause(_ duration: Duration) async throws {
        let sleep = Task { try await Task.sleep(for: duration) }
        let isClosed = state.withLock { state in
            state.sleep = sleep
            return state.isClosed
        }
        if isClosed { sleep.cancel() }
        let result = await withTaskCancellationHandler {
            await sleep.result
        } onCancel: {
            sleep.cancel()
        }
        if case .failure = result { throw Closed() }
    }

    private func closed() {
        let sleep = state.withLock { state in
            state.isClosed = true
            return state.sleep
        }
        sleep?.cancel()
    }
}

/// Closes the channel of a client that goes away, even while nothing is written to it: no client of this backend closes its
/// side alone.
final class EndWithClient: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

/// A request context that knows its connection.
struct EchoContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Long histories are larger than the usual limit.
    let maxUploadSize = 64 * 1024 * 1024

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
