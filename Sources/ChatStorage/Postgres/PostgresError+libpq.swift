import CLibPQ

extension ServerFailure {
    /// Reads a result of status `PGRES_FATAL_ERROR`; `nil` when libpq made it up itself because the connection broke.
    init?(result: OpaquePointer) {
        func field(_ code: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        guard let sqlState = field("C") else { return nil }
        error = PostgresError(
            sqlState == "57014" ? .timedOut : .server(sqlState: sqlState),
            field("M") ?? "",
            constraint: field("n"),
            table: field("t"),
            detail: field("D")
        )
        // 'V' is the severity in English, whatever the server's language.
        isFatal = field("V") == "FATAL" || field("V") == "PANIC"
        // 0A000 stands for any feature not supported; the function that raises it for a stale plan has a name of its own.
        isPreparedStatementLost =
            sqlState == "26000" || (sqlState == "0A000" && field("R") == "RevalidateCachedQuery")
    }
}

extension PostgresError {
    /// libpq's last words on a connection, with the password taken out should they quote it.
    init(_ code: Code, connection: OpaquePointer) {
        var message = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        if let password = PQpass(connection).map({ String(cString: $0) }), !password.isEmpty {
            message = message.split(separator: password, omittingEmptySubsequences: false).joined(separator: "***")
        }
        // One line for the log; libpq's advice comes on lines of its own.
        let lines = message.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }
        self.init(code, lines.joined(separator: " "))
    }
}
