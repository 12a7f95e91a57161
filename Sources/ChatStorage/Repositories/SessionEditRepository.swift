public import ChatCore

/// Edits of sessions in PostgreSQL.
public struct SessionEditRepository: SessionEditor {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    public func patchMetadata(
        _ patch: JSONObject,
        of session: SessionID,
        client: ClientID
    ) async throws -> SessionEdit? {
        do {
            return try await self.client.withTransaction { transaction in
                let locked = try await transaction.execute(SessionEditStatements.lock(session, of: client))
                guard let before = try locked.first?.jsonObject(0) else { return nil }
                let after = before.merged(with: patch)
                guard after == before || JSONValue.object(after).bytes.count <= Self.maximumMetadataBytes else {
                    throw ChatError.invalid(
                        "metadata",
                        "The metadata would be longer than \(Self.maximumMetadataBytes) bytes.",
                        .tooLong
                    )
                }
                let write = SessionEditStatements.setMetadata(after, of: session, client: client)
                return try await transaction.execute(write).first?.sessionEdit()
            }
        } catch let error as PostgresError {
            // Numbers that `numeric`, and so `jsonb`, cannot hold.
            if error.sqlState == "22003" {
                throw ChatError.invalid("metadata", "It holds a number that cannot be stored.", .outOfRange)
            }
            throw error.chatError
        }
    }

    public func switchType(
        of session: SessionID,
        client: ClientID,
        to type: SessionTypeID,
        capabilities: [Capability]
    ) async throws -> SessionEdit? {
        let write = SessionEditStatements.switchType(of: session, client: client, to: type, capabilities: capabilities)
        do {
            let results = try await self.client.transaction([SessionEditStatements.lock(session, of: client), write])
            return try results.last?.first?.sessionEdit()
        } catch  where error.constraint == "sessions_session_type_fkey" {
            // The type was deleted after somebody looked.
            throw ChatError(.notFound, "There is no such session type.", resourceID: type.description)
        } catch {
            throw error.chatError
        }
    }

    public func deleteSession(
        _ id: SessionID,
        of client: ClientID,
        evenWhileStreaming: Bool,
        traceparent: String?
    ) async throws -> SessionDeletion {
        try await withPortErrors {
            let rows = try await self.client.execute(
                Statement(
                    "SELECT delete_session($1, $2, $3, $4)",
                    [
                        .text(client.rawValue), .uuid(id.uuid), .boolean(evenWhileStreaming), .text(traceparent),
                    ],
                    effect: .mayWrite
                )
            )
            guard let streaming = try rows.first?.optionalUUIDArray(0) else { return .notFound }
            return streaming.isEmpty ? .deleted : .streaming(streaming.map { MessageID($0) })
        }
    }
}

extension Row {
    /// Reads what ``SessionEditStatements`` return.
    fileprivate func sessionEdit() throws(PostgresError) -> SessionEdit {
        SessionEdit(session: try session(at: 0), isChanged: try boolean(SessionColumns.count))
    }
}
