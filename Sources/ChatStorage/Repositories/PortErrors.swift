import ChatCore

/// Runs `body` and throws what the ports promise: a ``ChatError`` in place of a ``PostgresError``.
func withPortErrors<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as PostgresError {
        throw error.chatError
    }
}
