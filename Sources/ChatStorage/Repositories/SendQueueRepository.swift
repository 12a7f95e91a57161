public import ChatCore

/// Lines of waiting requests in PostgreSQL, whose clock all places go by.
public struct SendQueueRepository: SendQueue {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// - Throws: also ``ChatError`` `SESSION_NOT_FOUND` when the session was deleted meanwhile.
    public func enter(_ line: WaitingLine, seconds: Int) async throws -> Int64 {
        let statement = Statement(
            """
            INSERT INTO waiting_requests (client_id, session_id, line_id, expires_at)
            VALUES ($1, $2, $3, now() + make_interval(secs => $4))
            RETURNING ticket
            """,
            Self.parameters(line) + [.integer(Int64(seconds))]
        )
        do throws(PostgresError) {
            guard let row = try await client.execute(statement).first else {
                throw PostgresError(.protocolViolation, "A place was given without a ticket.")
            }
            return try row.integer(0)
        } catch  where error.constraint == "waiting_requests_session_fkey" {
            throw ChatError.sessionNotFound(line.sessionID)
        } catch {
            throw error.chatError
        }
    }

    public func renew(_ ticket: Int64, in line: WaitingLine, seconds: Int) async throws {
        try await change(
            """
            UPDATE waiting_requests SET expires_at = now() + make_interval(secs => $5)
            WHERE client_id = $1 AND session_id = $2 AND line_id = $3 AND ticket = $4
            """,
            Self.parameters(line) + [.integer(ticket), .integer(Int64(seconds))]
        )
    }

    public func leave(_ ticket: Int64, in line: WaitingLine) async throws {
        try await change(
            """
            DELETE FROM waiting_requests
            WHERE client_id = $1 AND session_id = $2 AND line_id = $3 AND ticket = $4
            """,
            Self.parameters(line) + [.integer(ticket)]
        )
    }

    private func change(_ sql: String, _ parameters: [PostgresValue]) async throws {
        try await withPortErrors { _ = try await client.execute(Statement(sql, parameters)) }
    }

    private static func parameters(_ line: WaitingLine) -> [PostgresValue] {
        [.text(line.clientID.rawValue), .uuid(line.sessionID.uuid), .uuid(line.id)]
    }
}
