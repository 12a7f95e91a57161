/// Whether leases that have run out mean that their nodes are dead.
///
/// They do not when nobody could renew a lease: while the database was away, and before the nodes have had time to come
/// back to it. A process that has just started does not know how long it was away.
struct ReapingPermission: Sendable {
    enum Action: Equatable, Sendable {
        case reap
        /// The database is back: let the nodes renew their leases first.
        case giveGrace
    }

    private var wasAway = true

    mutating func databaseFailed() {
        wasAway = true
    }

    mutating func databaseAnswered() -> Action {
        defer { wasAway = false }
        return wasAway ? .giveGrace : .reap
    }
}
