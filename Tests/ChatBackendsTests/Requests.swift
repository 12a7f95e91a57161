import Synchronization
import TestSupport

/// The requests a script saw.
final class Requests: Sendable {
    private let exchanges = Mutex<[StubBackend.Exchange]>([])

    var all: [StubBackend.Exchange] { exchanges.withLock { $0 } }

    /// Adds one and returns how many came before it.
    func add(_ exchange: StubBackend.Exchange) -> Int {
        exchanges.withLock {
            $0.append(exchange)
            return $0.count - 1
        }
    }
}
