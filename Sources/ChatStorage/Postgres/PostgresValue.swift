import ChatCore
import FoundationEssentials

/// A parameter of a statement, sent in PostgreSQL's binary format with its type named.
///
/// A column of another type than the one in the comment needs a cast in the SQL, like `$1::session_status`.
enum PostgresValue: Hashable, Sendable {
    /// NULL of whatever type the server infers.
    case null
    /// `text`
    case text(String)
    /// `uuid`
    case uuid(UUID)
    /// `int8`
    case integer(Int64)
    /// `int4`
    case int32(Int32)
    /// `bool`
    case boolean(Bool)
    /// `bytea`
    case bytes([UInt8])
    /// `timestamptz`
    case timestamp(Timestamp)
    /// `jsonb`, from its JSON text
    case json(String)
    /// `text[]`
    case textArray([String])
    /// `uuid[]`
    case uuidArray([UUID])
    /// `int8[]`
    case integerArray([Int64])
}

extension PostgresValue {
    static func text(_ value: String?) -> PostgresValue { value.map { .text($0) } ?? .null }
    static func uuid(_ value: UUID?) -> PostgresValue { value.map { .uuid($0) } ?? .null }
    static func integer(_ value: Int64?) -> PostgresValue { value.map { .integer($0) } ?? .null }
    static func boolean(_ value: Bool?) -> PostgresValue { value.map { .boolean($0) } ?? .null }
    static func timestamp(_ value: Timestamp?) -> PostgresValue { value.map { .timestamp($0) } ?? .null }
    static func json(_ value: String?) -> PostgresValue { value.map { .json($0) } ?? .null }
}
