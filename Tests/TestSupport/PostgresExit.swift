import Foundation
import Synchronization

/// Shuts servers down in order when the test process exits, before what is left is killed.
enum PostgresExit {
    private static let processIDs = Mutex<Set<Int32>>([])

    private static let registration: Void = {
        atexit {
            let running = PostgresExit.processIDs.withLock { $0 }
            for processID in running { kill(processID, SIGINT) }
            // Three seconds at most; what has not ended by then is killed.
            for _ in 0..<300 where running.contains(where: { kill($0, 0) == 0 }) { usleep(10_000) }
        }
    }()

    static func stopAtExit(_ processID: Int32) {
        _ = registration
        processIDs.withLock { _ = $0.insert(processID) }
    }

    static func forget(_ processID: Int32) {
        processIDs.withLock { _ = $0.remove(processID) }
    }
}
