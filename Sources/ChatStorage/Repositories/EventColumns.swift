import ChatCore

/// How an event is read from a row.
enum EventColumns {
    /// The columns of `events AS e` that ``Row/event()`` reads.
    static let list = "e.client_id, e.seq, e.kind, e.payload, e.created_at"
}

extension Row {
    func event() throws(PostgresError) -> PushEvent {
        PushEvent(
            clientID: try clientID(0),
            seq: try integer(1),
            kind: try word(2, as: PushEvent.Kind.self),
            payload: try json(3),
            createdAt: try timestamp(4)
        )
    }
}
