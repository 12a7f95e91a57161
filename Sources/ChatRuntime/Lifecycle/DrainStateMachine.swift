/// Where a process is on its way out, and who waits to hear of it.
///
/// Phases only go forward: running → draining → drained.
struct DrainStateMachine<Waiter> {
    private struct Registration {
        let id: UInt64
        let phase: DrainState.Phase
        let waiter: Waiter
    }

    private(set) var phase = DrainState.Phase.running
    private var registrations: [Registration] = []

    enum RegisterAction {
        case wait
        /// The phase is reached, or the waiting task is cancelled.
        case resume(Waiter)
    }

    mutating func register(
        _ waiter: Waiter,
        id: UInt64,
        until phase: DrainState.Phase,
        isCancelled: Bool
    )
        -> RegisterAction
    {
        guard self.phase < phase, !isCancelled else { return .resume(waiter) }
        registrations.append(Registration(id: id, phase: phase, waiter: waiter))
        return .wait
    }

    /// The waiter to resume, unless it has been resumed already.
    mutating func cancel(id: UInt64) -> Waiter? {
        guard let index = registrations.firstIndex(where: { $0.id == id }) else { return nil }
        return registrations.remove(at: index).waiter
    }

    /// Moves on to `phase`, never back; returns the waiters to resume.
    mutating func advance(to phase: DrainState.Phase) -> [Waiter] {
        guard self.phase < phase else { return [] }
        self.phase = phase
        let reached = registrations.filter { $0.phase <= phase }
        registrations.removeAll { $0.phase <= phase }
        return reached.map(\.waiter)
    }
}
