internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Listens for SIGTERM and SIGINT while it exists.
///
/// The second signal ends the process from Dispatch's own thread, so that it works even when every other thread is
/// stuck.
final class SignalWatch {
    /// Yields the number of the first signal.
    let firstSignal: AsyncStream<Int32>

    private let sources: [any DispatchSourceSignal]

    /// Returns when both signals are caught; before that they would end the process as they do by default.
    init() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        let receiver = Receiver(continuation)
        let queue = DispatchQueue(label: "chat-engine.signals")
        firstSignal = stream
        var sources: [any DispatchSourceSignal] = []
        for number in [SIGTERM, SIGINT] {
            #if canImport(Darwin)
            signal(number, SIG_IGN)
            #endif
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { receiver.received(number) }
            await withCheckedContinuation { continuation in
                source.setRegistrationHandler { continuation.resume() }
                source.activate()
            }
            sources.append(source)
        }
        self.sources = sources
    }

    deinit {
        for source in sources { source.cancel() }
    }

    private final class Receiver: Sendable {
        private let signals = Mutex(ShutdownSignals())
        private let continuation: AsyncStream<Int32>.Continuation

        init(_ continuation: AsyncStream<Int32>.Continuation) {
            self.continuation = continuation
        }

        deinit { continuation.finish() }

        func received(_ number: Int32) {
            switch signals.withLock({ $0.received(number) }) {
            case .drain: continuation.yield(number)
            case .exit(let code): _exit(code)
            }
        }
    }
}
