/// Asks the backend of a session type how it is.
public struct CheckSessionType: Sendable {
    private let sessionTypes: any SessionTypeStore
    private let backend: any Backend

    public init(sessionTypes: any SessionTypeStore, backend: any Backend) {
        self.sessionTypes = sessionTypes
        self.backend = backend
    }

    /// - Throws: ``ChatError``: `NOT_FOUND` for an unknown session type, `BACKEND_ERROR` or `BACKEND_TIMEOUT` when the
    ///   backend fails, `SERVICE_UNAVAILABLE`.
    public func callAsFunction(_ id: SessionTypeID, traceparent: String? = nil) async throws -> BackendHealth {
        guard let type = try await sessionTypes.sessionType(id) else {
            throw ChatError(.notFound, "There is no such session type.", resourceID: id.description)
        }
        return try await backend.checkHealth(of: type, traceparent: traceparent)
    }
}
