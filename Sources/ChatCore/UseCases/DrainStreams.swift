/// Lets the running streams of a node that goes away finish, up to a deadline, and closes the rest as `interrupted`.
public struct DrainStreams: Sendable {
    private let registry: StreamRegistry

    public init(registry: StreamRegistry) {
        self.registry = registry
    }

    /// Returns when no stream runs any more. Cancellation cuts the waiting short and interrupts what still runs.
    public func callAsFunction(within patience: Duration) async {
        let streams = registry.all
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for stream in streams { _ = await stream.waitForEnd() }
                return true
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return false
            }
            if await group.next() == false {
                for stream in streams { Task { await stream.interrupt() } }
                _ = await group.next()
            }
            group.cancelAll()
        }
    }
}
