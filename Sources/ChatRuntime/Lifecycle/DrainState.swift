internal import Synchronization

/// Tells every part of a process that it is going away (`contract/runtime.md`, 'Life cycle').
///
/// Readiness is false from the moment ``beginDraining()`` is called.
public final class DrainState: Sendable {
    public enum Phase: Int, Comparable, Sendable {
        /// Takes on work. Left by ``DrainState/beginDraining()``.
        case running
        /// Takes on no new work; what runs may finish. Left by ``DrainState/finishDraining()``.
        case draining
        /// Nothing is left to do. Final.
        case drained

        public static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    private let machine = Mutex(DrainStateMachine<CheckedContinuation<Void, Never>>())
    private let nextID = Atomic<UInt64>(0)

    public init() {}

    public var phase: Phase { machine.withLock { $0.phase } }

    /// The process takes on no new work any more.
    public var isDraining: Bool { phase >= .draining }

    /// Leaves ``Phase/running`` for good; does nothing the second time.
    public func beginDraining() { advance(to: .draining) }

    /// Says that nothing is left to wait for; does nothing the second time.
    public func finishDraining() { advance(to: .drained) }

    /// Returns when draining has begun, at once if it has; returns early when the calling task is cancelled.
    public func waitUntilDraining() async { await wait(until: .draining) }

    /// Returns when draining has finished, at once if it has; returns early when the calling task is cancelled.
    public func waitUntilDrained() async { await wait(until: .drained) }

    private func advance(to phase: Phase) {
        for waiter in machine.withLock({ $0.advance(to: phase) }) { waiter.resume() }
    }

    private func wait(until phase: Phase) async {
        let id = nextID.wrappingAdd(1, ordering: .relaxed).newValue
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // The flag is read under the lock: either it is set already, or the handler finds the registration.
                let action = machine.withLock {
                    $0.register(continuation, id: id, until: phase, isCancelled: Task.isCancelled)
                }
                if case .resume(let waiter) = action { waiter.resume() }
            }
        } onCancel: {
            machine.withLock { $0.cancel(id: id) }?.resume()
        }
    }
}
