import ChatCore

/// How a session is read from a row.
enum SessionColumns {
    /// The columns of `sessions AS s` that ``Row/session(at:)`` reads.
    static let list = """
        s.session_id, s.client_id, s.session_type_id, s.available_capabilities, s.metadata, s.created_at, s.updated_at
        """
    static let count = 7
}

extension Row {
    /// - Parameter first: the number of the first of ``SessionColumns/list``.
    func session(at first: Int) throws(PostgresError) -> Session {
        Session(
            id: SessionID(try uuid(first)),
            clientID: try clientID(first + 1),
            sessionTypeID: SessionTypeID(try uuid(first + 2)),
            availableCapabilities: try jsonArray(first + 3) { Capability($0) },
            metadata: try jsonObject(first + 4),
            createdAt: try timestamp(first + 5),
            updatedAt: try timestamp(first + 6)
        )
    }

    func clientID(_ column: Int) throws(PostgresError) -> ClientID {
        try required(column, ClientID(text(column)))
    }
}
