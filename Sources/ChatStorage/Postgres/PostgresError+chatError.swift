public import ChatCore

extension PostgresError {
    /// The error a port throws: `SERVICE_UNAVAILABLE` for what waiting or another attempt may cure, `INTERNAL_ERROR`
    /// otherwise. After ``Code/outcomeUnknown`` its underlying error is an `UnknownOutcomeError`.
    public var chatError: ChatError {
        switch code {
        case .outcomeUnknown:
            .unavailable(underlying: UnknownOutcomeError(underlyingError: self))
        case .notConnected, .poolTimeout, .poolFull, .shuttingDown, .connectionLost, .timedOut, .cancelled:
            .unavailable(underlying: self)
        case .server(let sqlState) where Self.isTransient(sqlState):
            .unavailable(underlying: self)
        case .server, .decoding, .protocolViolation, .invalidParameter, .invalidConnectionString:
            .internalError(underlying: self)
        }
    }

    /// Classes 08 (connection), 53 (resources), 57P (operator intervention) and the two that ask for another attempt:
    /// 40001 (serialization failure) and 40P01 (deadlock).
    private static func isTransient(_ sqlState: String) -> Bool {
        sqlState.hasPrefix("08") || sqlState.hasPrefix("53") || sqlState.hasPrefix("57P")
            || sqlState == "40001" || sqlState == "40P01"
    }
}
