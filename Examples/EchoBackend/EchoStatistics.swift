import Synchronization

/// What `GET /stats` tells: enough for a test to see that a stream was really given up, or waits.
struct EchoStatistics: Encodable, Sendable {
    /// Streams being sent now.
    var activeStreams = 0
    /// Words of streams sent: it stands still while nobody takes them.
    var wordsSent = 0
    /// Calls received, by event.
    var calls: [String: Int] = [:]
    /// Streams whose connection the engine closed before their end.
    var cancelled = 0
    /// `message.aborted` events received.
    var aborted = 0
}

/// The statistics of this process.
final class EchoCounters: Sendable {
    private let statistics = Mutex(EchoStatistics())

    var current: EchoStatistics { statistics.withLock { $0 } }

    func called(_ event: String) {
        statistics.withLock {
            $0.calls[event, default: 0] += 1
            if event == "message.aborted" { $0.aborted += 1 }
        }
    }

    func wordSent() {
        statistics.withLock { $0.wordsSent += 1 }
    }

    func streamBegan() {
        statistics.withLock { $0.activeStreams += 1 }
    }

    func streamEnded(cancelled: Bool) {
        statistics.withLock {
            $0.activeStreams -= 1
            if cancelled { $0.cancelled += 1 }
        }
    }
}
