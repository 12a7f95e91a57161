import Hummingbird
import NIOCore
import Synchronization

/// The connection a request came on, watched for its end, so that an answer nobody waits for is not asked for further.
final class ClientConnection: Sendable {
    private struct State {
        var isClosed = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    init(_ channel: any Channel) async throws {
        // Without half-closure, a client that goes away closes the channel even while nothing is written to it.
        try await channel.setOption(.allowRemoteHalfClosure, value: false).get()
        channel.closeFuture.whenComplete { [weak self] _ in self?.closed() }
    }

    /// Runs `operation` in a task that is cancelled as soon as the client is gone.
    func whileOpen<Value: Sendable>(_ operation: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = Task { try await operation() }
        let isClosed = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.isClosed
        }
        if isClosed { task.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func closed() {
        let cancel = state.withLock { state in
            state.isClosed = true
            return state.cancel
        }
        cancel?()
    }
}

/// A request context that knows its connection.
struct BridgeContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Long histories are larger than the usual limit.
    let maxUploadSize = 64 * 1024 * 1024

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}
