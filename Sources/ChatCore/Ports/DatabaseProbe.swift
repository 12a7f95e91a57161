/// Tells whether the database is there and has the schema this version needs.
public protocol DatabaseProbe: Sendable {
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
    func schemaState() async throws -> SchemaState

    /// Returns when the database has answered.
    ///
    /// - Throws: ``ChatError`` `SERVICE_UNAVAILABLE` when it does not, within a short bound.
    func ping() async throws
}

public enum SchemaState: Hashable, Sendable {
    case current
    /// Applied in part, or not at all; the names of what is missing.
    case outOfDate(missing: [String])
    /// Ahead of this version, as in the middle of an upgrade: fit to run with.
    case newer
    /// An applied migration is not the one this version knows by that name.
    case different(String)
}
