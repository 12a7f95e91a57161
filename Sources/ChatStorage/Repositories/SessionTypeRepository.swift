public import ChatCore

/// Session types in PostgreSQL.
public struct SessionTypeRepository: SessionTypeStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func createSessionType(_ type: SessionType) async throws {
        do {
            _ = try await client.execute(
                Statement(
                    """
                    INSERT INTO session_types (session_type_id, name, description, webhook_url, webhook_secret,
                        timeout_seconds, max_duration_seconds, max_connections, history_limit,
                        circuit_failure_threshold, circuit_open_seconds, circuit_half_open_max_calls,
                        summarization_enabled, summarization_service_url, summarization_settings, meta)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                    """,
                    Self.parameters(of: type)
                )
            )
        } catch  where error.constraint == "session_types_pkey" {
            throw ChatError(.conflict, "This session type id is taken.", resourceID: type.id.description)
        } catch {
            throw error.chatError
        }
    }

    public func sessionType(_ id: SessionTypeID) async throws -> SessionType? {
        try await withPortErrors {
            let rows = try await client.execute(
                Statement(
                    "SELECT \(SessionTypeColumns.list) FROM session_types AS t WHERE t.session_type_id = $1",
                    [.uuid(id.uuid)]
                )
            )
            return try rows.first?.sessionType(at: 0)
        }
    }

    public func sessionTypes() async throws -> [SessionType] {
        try await withPortErrors {
            try await client.execute(
                Statement(
                    "SELECT \(SessionTypeColumns.list) FROM session_types AS t ORDER BY t.name, t.session_type_id"
                )
            ).map { try $0.sessionType(at: 0) }
        }
    }

    public func replaceSessionType(_ type: SessionType) async throws -> Bool {
        try await withPortErrors {
            try await client.execute(
                Statement(
                    """
                    UPDATE session_types SET name = $2, description = $3, webhook_url = $4,
                        webhook_secret = coalesce($5, webhook_secret), timeout_seconds = $6,
                        max_duration_seconds = $7, max_connections = $8, history_limit = $9,
                        circuit_failure_threshold = $10, circuit_open_seconds = $11,
                        circuit_half_open_max_calls = $12, summarization_enabled = $13,
                        summarization_service_url = $14, summarization_settings = $15, meta = $16,
                        updated_at = now()
                    WHERE session_type_id = $1
                    """,
                    Self.parameters(of: type)
                )
            ).affectedRows == 1
        }
    }

    public func deleteSessionType(_ id: SessionTypeID) async throws -> SessionTypeDeletion {
        do {
            let deleted = try await client.execute(
                Statement("DELETE FROM session_types WHERE session_type_id = $1", [.uuid(id.uuid)])
            )
            return deleted.affectedRows == 1 ? .deleted : .unknown
        } catch  where error.constraint == "sessions_session_type_fkey" {
            return .inUse
        } catch {
            throw error.chatError
        }
    }

    private static func parameters(of type: SessionType) -> [PostgresValue] {
        [
            .uuid(type.id.uuid), .text(type.name), .text(type.description), .text(type.webhookURL),
            .text(type.webhookSecret), .integer(Int64(type.timeoutSeconds)), .integer(Int64(type.maxDurationSeconds)),
            .integer(Int64(type.maxConnections)), .integer(type.historyLimit.map(Int64.init)),
            .integer(Int64(type.circuitBreaker.failureThreshold)), .integer(Int64(type.circuitBreaker.openSeconds)),
            .integer(Int64(type.circuitBreaker.halfOpenMaxCalls)), .boolean(type.summarization?.enabled),
            .text(type.summarization?.serviceURL), type.summarization?.settings.map { .json($0) } ?? .null,
            type.meta.map { .json($0) } ?? .null,
        ]
    }
}
