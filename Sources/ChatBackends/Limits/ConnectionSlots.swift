internal import NIOCore

/// The connections one session type may have at a time, and the calls that wait for one, oldest first.
struct ConnectionSlots<Waiter: Sendable>: Sendable {
    /// A place in the queue.
    typealias Ticket = UInt64

    private struct Place: Sendable {
        let ticket: Ticket
        var waiter: Waiter?
    }

    private(set) var inUse = 0
    private var limit = 0
    private let maximumWaiting: Int
    private var waiting: CircularBuffer<Place> = []
    /// Turns that came before their waiter did.
    private var earlyTurns: Set<Ticket> = []
    private var lastTicket: Ticket = 0

    init(maximumWaiting: Int) {
        self.maximumWaiting = maximumWaiting
    }

    var isUnused: Bool { inUse == 0 && waiting.isEmpty }

    enum RequestAction: Hashable {
        case granted
        case wait(Ticket)
        /// As many as are allowed wait already.
        case refuse
    }

    /// A call wants a slot; `limit` is what its session type allows now.
    mutating func request(limit: Int) -> RequestAction {
        self.limit = limit
        if inUse < limit, waiting.isEmpty {
            inUse += 1
            return .granted
        }
        guard waiting.count < maximumWaiting else { return .refuse }
        lastTicket += 1
        waiting.append(Place(ticket: lastTicket))
        return .wait(lastTicket)
    }

    enum WaitAction: Hashable {
        case granted
        case wait
        case givenUp
    }

    /// The call with this ticket is ready to wait; its turn may have come, or it may have given up, meanwhile.
    mutating func wait(_ waiter: Waiter, ticket: Ticket) -> WaitAction {
        if earlyTurns.remove(ticket) != nil { return .granted }
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return .givenUp }
        waiting[index].waiter = waiter
        return .wait
    }

    /// A slot is free again; returns those whose turn it is now.
    mutating func release() -> [Waiter] {
        inUse -= 1
        var granted: [Waiter] = []
        while inUse < limit, let next = waiting.popFirst() {
            inUse += 1
            if let waiter = next.waiter { granted.append(waiter) } else { earlyTurns.insert(next.ticket) }
        }
        return granted
    }

    /// A call waits no longer; returns its waiter, unless its turn came before.
    mutating func giveUp(_ ticket: Ticket) -> Waiter? {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return waiting.remove(at: index).waiter
    }
}
