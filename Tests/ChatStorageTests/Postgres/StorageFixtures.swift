import CLibPQ

@testable import ChatStorage

extension MonotonicTime {
    static func at(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }
}

extension PostgresOperation {
    static func make(
        _ id: UInt64 = 1,
        _ commands: [StaticString] = ["INSERT"],
        commit: Commit = .atEnd,
        sharing: Sharing = .shared,
        keepsTransactionOpen: Bool = false,
        waitUntil deadline: MonotonicTime = .at(5000)
    ) -> PostgresOperation {
        PostgresOperation(
            id: id,
            work: .statements(commands.map { EncodedStatement(command: $0) }),
            commit: commit,
            sharing: sharing,
            keepsTransactionOpen: keepsTransactionOpen,
            waitDeadline: deadline
        )
    }

    /// BEGIN, two statements, COMMIT.
    static func makeTransaction(_ id: UInt64 = 1) -> PostgresOperation {
        make(id, ["BEGIN", "INSERT", "UPDATE", "COMMIT"], commit: .atStatement(3), sharing: .last)
    }

    static func makeLease(_ id: UInt64 = 1, waitUntil deadline: MonotonicTime = .at(5000)) -> PostgresOperation {
        PostgresOperation(id: id, work: .lease, commit: .none, sharing: .exclusive, waitDeadline: deadline)
    }
}

extension ServerFailure {
    static func make(_ sqlState: String, isFatal: Bool = false, isLost: Bool = false) -> ServerFailure {
        ServerFailure(
            error: PostgresError(.server(sqlState: sqlState), "server's words"),
            isFatal: isFatal,
            isPreparedStatementLost: isLost
        )
    }
}

extension ResultSet {
    /// A result of rows made without a server: the columns' types, and each row's bytes, `nil` for NULL.
    static func make(types: [Oid] = [], format: Int32 = 1, rows: [[[UInt8]?]] = []) throws -> ResultSet {
        struct OutOfMemory: Error {}
        guard let result = PQmakeEmptyPGresult(nil, PGRES_TUPLES_OK) else { throw OutOfMemory() }
        let resultSet = ResultSet(taking: result)
        guard !types.isEmpty else { return resultSet }
        var name = Array("column".utf8CString)
        let isDescribed = name.withUnsafeMutableBufferPointer { name in
            var attributes = types.map { type in
                PGresAttDesc(
                    name: name.baseAddress,
                    tableid: 0,
                    columnid: 0,
                    format: format,
                    typid: type,
                    typlen: -1,
                    atttypmod: -1
                )
            }
            return PQsetResultAttrs(result, Int32(types.count), &attributes) == 1
        }
        guard isDescribed else { throw OutOfMemory() }
        for (row, values) in rows.enumerated() {
            for (column, value) in values.enumerated() {
                var bytes = (value ?? []).map { CChar(bitPattern: $0) } + [0]
                let length = value.map { Int32($0.count) } ?? -1
                guard PQsetvalue(result, Int32(row), Int32(column), &bytes, length) == 1 else { throw OutOfMemory() }
            }
        }
        return resultSet
    }
}
