import CLibPQ

/// One row of a ``ResultSet``.
///
/// Columns are counted from 0. Every access throws ``PostgresError/Code/decoding`` for a column that is not there,
/// holds another type, or is NULL where a value is asked for.
struct Row: Sendable {
    private let storage: ResultSet.Storage
    private let index: Int32

    init(storage: ResultSet.Storage, index: Int32) {
        self.storage = storage
        self.index = index
    }

    func isNull(_ column: Int) throws(PostgresError) -> Bool {
        PQgetisnull(storage.result, index, try checked(column)) != 0
    }

    /// Hands a value's bytes and type to `read` for the time of the call; `nil` for NULL.
    ///
    /// `read` returns `nil` for a type or bytes it cannot read, and the access throws.
    func decode<Value>(
        _ column: Int,
        as name: StaticString,
        _ read: (_ bytes: UnsafeRawBufferPointer, _ type: Oid) -> Value?
    ) throws(PostgresError) -> Value? {
        let field = try checked(column)
        if PQgetisnull(storage.result, index, field) != 0 { return nil }
        let type = PQftype(storage.result, field)
        let length = Int(PQgetlength(storage.result, index, field))
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(storage.result, index, field), count: length)
        guard PQfformat(storage.result, field) == 1, let value = read(bytes, type) else {
            throw PostgresError(.decoding, "Column \(column), \(length) bytes of type \(type), is no \(name).")
        }
        return value
    }

    /// The value of `optional`, which may not be NULL.
    func required<Value>(_ column: Int, _ optional: Value?) throws(PostgresError) -> Value {
        guard let optional else { throw PostgresError(.decoding, "Column \(column) is NULL.") }
        return optional
    }

    private func checked(_ column: Int) throws(PostgresError) -> Int32 {
        guard let field = Int32(exactly: column), field >= 0, field < PQnfields(storage.result),
            index >= 0, index < PQntuples(storage.result)
        else { throw PostgresError(.decoding, "There is no row \(index) with a column \(column).") }
        return field
    }
}
