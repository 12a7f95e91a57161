import Foundation
import Synchronization

/// What must not outlive the test process: children are killed and directories removed when it exits.
///
/// `atexit` covers a process that ends by itself; children that must not outlive a killed one are started with a parent
/// death signal (see ``ChildProcess``).
enum ExitCleanup {
    private struct Leftovers {
        var processIDs: Set<Int32> = []
        var directories: Set<String> = []
    }

    private static let leftovers = Mutex(Leftovers())

    private static let registration: Void = {
        atexit {
            let rest = ExitCleanup.leftovers.withLock { $0 }
            for processID in rest.processIDs {
                kill(processID, SIGKILL)
            }
            removeInBackground(rest.directories)
        }
    }()

    /// Has the directories removed by a process of its own: those of database servers hold tens of thousands of files,
    /// and nobody should wait for that.
    private static func removeInBackground(_ directories: Set<String>) {
        guard !directories.isEmpty else { return }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0)
        }
        var arguments = (["setsid", "rm", "-rf", "--"] + directories).map { strdup($0) } + [nil]
        posix_spawnp(nil, "setsid", &files, nil, &arguments, environ)
    }

    static func add(processID: Int32) {
        _ = registration
        leftovers.withLock { _ = $0.processIDs.insert(processID) }
    }

    static func remove(processID: Int32) {
        leftovers.withLock { _ = $0.processIDs.remove(processID) }
    }

    static func add(directory: String) {
        _ = registration
        leftovers.withLock { _ = $0.directories.insert(directory) }
    }

    static func remove(directory: String) {
        leftovers.withLock { _ = $0.directories.remove(directory) }
    }
}
