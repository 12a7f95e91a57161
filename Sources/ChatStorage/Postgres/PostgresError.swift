/// What went wrong between the process and PostgreSQL.
///
/// The description is for the log: it never holds values of rows or parameters, nor the connection string.
public struct PostgresError: Error, Sendable, Hashable {
    public enum Code: Sendable, Hashable {
        /// No connection could be made within the wait bound; nothing was sent.
        case notConnected
        /// Every connection stayed busy for the whole wait bound; nothing was sent.
        case poolTimeout
        /// Too many operations wait already; nothing was sent.
        case poolFull
        /// The client is shutting down or has shut down; nothing was sent.
        case shuttingDown
        /// The connection broke before anything could have been committed.
        case connectionLost
        /// The connection broke while a commit may have been under way: it was done or it was not.
        case outcomeUnknown
        /// The server refused the statement; its transaction is rolled back.
        case server(sqlState: String)
        /// The statement ran longer than `statement_timeout` and was rolled back.
        case timedOut
        /// A value of the result is not what the caller asked for.
        case decoding
        /// The server's answer fits nothing that was asked.
        case protocolViolation
        /// The awaiting task was cancelled. What was already sent may still be carried out.
        case cancelled
        /// A parameter or their number is beyond what the protocol carries; nothing was sent.
        case invalidParameter
        /// libpq cannot read the connection string.
        case invalidConnectionString
    }

    public var code: Code
    /// The server's or libpq's own words, or ours; may quote values, so it is logged only through ``description``.
    public var message: String
    /// The constraint the statement broke, when the server names one.
    public var constraint: String?
    /// The table the server names, if any.
    public var table: String?
    /// The server's explanation. It quotes rows, so it is never part of ``description``.
    public var detail: String?

    public init(
        _ code: Code,
        _ message: String = "",
        constraint: String? = nil,
        table: String? = nil,
        detail: String? = nil
    ) {
        self.code = code
        self.message = message
        self.constraint = constraint
        self.table = table
        self.detail = detail
    }

    /// The five characters the server classifies its error by; `nil` for an error that is not the server's.
    public var sqlState: String? {
        switch code {
        case .server(let sqlState): sqlState
        case .timedOut: "57014"
        default: nil
        }
    }
}

extension PostgresError: CustomStringConvertible {
    public var description: String {
        var text = "\(code)"
        if let constraint { text += " constraint=\(constraint)" }
        if let table { text += " table=\(table)" }
        // Messages of class 22 (data exception) quote the offending value.
        if !message.isEmpty, sqlState?.hasPrefix("22") != true { text += ": \(message)" }
        return text
    }
}
