/// How the schema of a database stands to the one this program was built with.
public enum SchemaStatus: Hashable, Sendable {
    case current
    /// These migrations have not been applied, in order of application.
    case outOfDate(missing: [String])
    /// Everything this program knows has been applied, and more: a newer program has been here. It can be worked with,
    /// as migrations keep what their predecessor's programs use.
    case newer
}

/// A migration that has been applied to the database is not the one this program knows under its number.
public struct SchemaMismatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// File name of the migration as this program knows it.
    public let migration: String

    public var description: String {
        "The database was migrated with another version of \(migration) than this program has."
    }
}
