import Foundation
import Synchronization

/// What happened in a run, as it was seen from outside.
final class History: Sendable {
    struct Contents: Sendable {
        var operations: [Operation] = []
        var views: [DeviceView] = []
        var faults: [FaultRecord] = []
        /// What was wrong at the moment it was seen.
        var violations: [String] = []
    }

    private let contents = Mutex(Contents())

    var current: Contents { contents.withLock { $0 } }

    func add(_ operation: Operation) {
        contents.withLock { $0.operations.append(operation) }
    }

    func add(_ view: DeviceView) {
        contents.withLock { $0.views.append(view) }
    }

    func add(_ fault: FaultRecord) {
        contents.withLock { $0.faults.append(fault) }
    }

    func violation(_ text: String) {
        contents.withLock { $0.violations.append(text) }
        say("WRONG \(text)")
    }
}

/// A fault that was inflicted and healed.
struct FaultRecord: Sendable {
    var kind: String
    /// From the moment it was being healed until every node served again.
    var recovery: Duration
}

/// Prints a line at once, also into a file or a pipe.
func say(_ line: String) {
    print(line)
    fflush(nil)
}
