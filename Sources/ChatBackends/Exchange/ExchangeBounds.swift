internal import ChatCore
internal import NIOCore

/// How long a call to a backend may take.
struct ExchangeBounds: Hashable, Sendable {
    /// Bound of establishing a connection, which the HTTP client keeps.
    var connect: TimeAmount
    /// Bound of the wait for the head, connecting included, and of each silence between two reads.
    var silence: TimeAmount
    /// Bound of the whole call.
    var whole: TimeAmount
}

extension TimeAmount {
    var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}
