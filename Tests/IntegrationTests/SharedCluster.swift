import Synchronization
import TestSupport
import Testing

/// A cluster that all tests share which leave its processes alone; started by the first of them.
final class SharedCluster: Sendable {
    static let common = SharedCluster(TestCluster.Shape(hasLoadBalancer: true))

    /// Bounds how many tests use it at once: more would only wait for each other, within the time each has.
    let places = Places(6)
    private let shape: TestCluster.Shape
    private let start = Mutex<Task<TestCluster, any Error>?>(nil)

    init(_ shape: TestCluster.Shape) {
        self.shape = shape
    }

    func get() async throws -> TestCluster {
        let task = start.withLock { start in
            let task = start ?? Task { [shape] in try await TestCluster.start(shape) }
            start = task
            return task
        }
        return try await task.value
    }
}

/// Runs a test on a shared cluster; the ends of the logs are shown when it throws.
func withSharedCluster(
    _ shared: SharedCluster = .common,
    _ body: (TestCluster) async throws -> Void
) async throws {
    await shared.places.take()
    defer { shared.places.giveBack() }
    try await showingLogs(of: try await shared.get(), body)
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
