import Synchronization
import TestSupport
import Testing

/// The cluster that all tests share which leave its processes alone; started by the first of them.
enum SharedCluster {
    /// Bounds how many tests use it at once: more would only wait for each other, within the time each has.
    static let places = Places(6)
    private static let start = Mutex<Task<TestCluster, any Error>?>(nil)

    static func get() async throws -> TestCluster {
        let task = start.withLock { start in
            let task = start ?? Task { try await TestCluster.start(TestCluster.Shape(hasLoadBalancer: true)) }
            start = task
            return task
        }
        return try await task.value
    }
}

/// Runs a test on the shared cluster; the ends of the logs are shown when it throws.
func withSharedCluster(_ body: (TestCluster) async throws -> Void) async throws {
    await SharedCluster.places.take()
    defer { SharedCluster.places.giveBack() }
    try await showingLogs(of: try await SharedCluster.get(), body)
}

/// Runs a test on a cluster of its own, which ends with it; the ends of the logs are shown when it throws.
func withCluster(_ shape: TestCluster.Shape, _ body: (TestCluster) async throws -> Void) async throws {
    let cluster = try await TestCluster.start(shape)
    do {
        try await showingLogs(of: cluster, body)
    } catch {
        try? await cluster.discard()
        throw error
    }
    try await cluster.discard()
}

func showingLogs(of cluster: TestCluster, _ body: (TestCluster) async throws -> Void) async throws {
    do {
        try await body(cluster)
    } catch {
        Issue.record("\(error)\n\n\(cluster.logTails)")
        throw error
    }
}
