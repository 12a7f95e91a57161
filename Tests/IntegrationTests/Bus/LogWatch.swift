import Logging
import Synchronization

/// Lets a test await what the code under test logs.
final class LogWatch: Sendable {
    private struct Waiter {
        let message: String
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var counts: [String: Int] = [:]
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    func count(of message: String) -> Int {
        state.withLock { $0.counts[message, default: 0] }
    }

    /// Returns when `message` was logged `count` times in all.
    func wait(for message: String, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.counts[message, default: 0] >= count { return true }
                state.waiters.append(Waiter(message: message, count: count, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func handler() -> any LogHandler {
        Handler(watch: self)
    }

    private func record(_ message: String) {
        let done = state.withLock { state in
            state.counts[message, default: 0] += 1
            let count = state.counts[message, default: 0]
            let done = state.waiters.filter { $0.message == message && $0.count <= count }
            state.waiters.removeAll { $0.message == message && $0.count <= count }
            return done
        }
        for waiter in done {
            waiter.continuation.resume()
        }
    }

    private struct Handler: LogHandler {
        let watch: LogWatch
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(watch: LogWatch) {
            self.watch = watch
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            watch.record(event.message.description)
        }
    }
}
