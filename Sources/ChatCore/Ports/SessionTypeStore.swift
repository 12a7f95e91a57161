/// Keeps session types. Every method throws ``ChatError`` `SERVICE_UNAVAILABLE` when the database is out of reach.
public protocol SessionTypeStore: Sendable {
    /// - Throws: ``ChatError`` `CONFLICT` when the id is taken.
    func createSessionType(_ type: SessionType) async throws

    func sessionType(_ id: SessionTypeID) async throws -> SessionType?

    /// All of them, by name.
    func sessionTypes() async throws -> [SessionType]

    /// Replaces every field; `false` when there is no such type. A type without `webhookSecret` keeps the stored one.
    func replaceSessionType(_ type: SessionType) async throws -> Bool

    func deleteSessionType(_ id: SessionTypeID) async throws -> SessionTypeDeletion
}

public enum SessionTypeDeletion: Hashable, Sendable {
    case deleted, inUse, unknown
}
