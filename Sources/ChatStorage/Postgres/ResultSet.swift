import CLibPQ

/// The rows one statement returned, in binary format; decoded where they are read, on the caller's side.
struct ResultSet: Sendable {
    private let storage: Storage

    /// Takes ownership of a `PGresult`.
    init(taking result: OpaquePointer) {
        storage = Storage(result)
    }

    /// Number of rows.
    var count: Int { Int(PQntuples(storage.result)) }

    var isEmpty: Bool { count == 0 }

    /// Rows inserted, updated, deleted or selected, as the command tag says; 0 when it says nothing.
    var affectedRows: Int {
        guard let text = PQcmdTuples(storage.result) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// The command tag, like `INSERT 0 1` or `COMMIT`.
    var commandTag: String {
        PQcmdStatus(storage.result).map { String(cString: $0) } ?? ""
    }

    var first: Row? { isEmpty ? nil : self[0] }
    var last: Row? { isEmpty ? nil : self[count - 1] }

    /// A row number outside `0..<count` gives a row whose every access throws ``PostgresError/Code/decoding``.
    subscript(row: Int) -> Row { Row(storage: storage, index: Int32(clamping: row)) }
}

extension ResultSet: Sequence {
    func makeIterator() -> AnyIterator<Row> {
        var next = 0
        return AnyIterator {
            guard next < count else { return nil }
            defer { next += 1 }
            return self[next]
        }
    }

    var underestimatedCount: Int { count }
}

extension ResultSet {
    /// Keeps a `PGresult` alive and clears it with the last reference.
    ///
    /// `@unchecked Sendable`: libpq hands a result out complete and never touches it again, this class is its only
    /// owner, and every function called on it here only reads. Reads from several threads at once are therefore safe,
    /// and `PQclear` runs when no reader is left.
    final class Storage: @unchecked Sendable {
        let result: OpaquePointer

        init(_ result: OpaquePointer) {
            self.result = result
        }

        deinit {
            PQclear(result)
        }
    }
}
