public import ChatCore
public import FoundationEssentials

/// First answers to repeatable requests, in PostgreSQL, whose clock all leases go by.
public struct KeptAnswerRepository: KeptAnswerStore {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// Two statements in one round trip: the second sees what was committed while the first waited for another claim.
    public func claim(
        _ request: RepeatableRequest,
        by holder: UUID,
        leaseSeconds: Int
    ) async throws -> AnswerClaim {
        try await withPortErrors {
            let results = try await client.transaction([
                Statement(
                    Self.claimText,
                    [
                        .text(request.clientID.rawValue), .bytes(request.key), .bytes(request.digest), .uuid(holder),
                        .integer(Int64(leaseSeconds)),
                    ]
                ),
                Statement(
                    """
                    SELECT holder_id, request_digest = $3, answer, created_at
                    FROM kept_answers
                    WHERE client_id = $1 AND key_hash = $2
                    """,
                    [.text(request.clientID.rawValue), .bytes(request.key), .bytes(request.digest)]
                ),
            ])
            // Deleted between the two, when its 24 h were over: the next attempt will have it.
            guard results.count == 2, let row = results[1].first else { return .running }
            if try row.optionalUUID(0) == holder { return .claimed(since: try row.timestamp(3)) }
            guard try row.boolean(1) else { return .keyReused }
            return try row.optionalBytes(2).map { .answered($0) } ?? .running
        }
    }

    /// A row is taken over when its 24 h are over, or when whoever was carrying out the same request is gone.
    private static let claimText = """
        INSERT INTO kept_answers (client_id, key_hash, request_digest, holder_id, lease_expires_at)
        VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
        ON CONFLICT (client_id, key_hash) DO UPDATE SET
            request_digest = excluded.request_digest,
            holder_id = excluded.holder_id,
            lease_expires_at = excluded.lease_expires_at,
            answer = NULL,
            created_at = CASE
                WHEN kept_answers.created_at > now() - interval '24 hours' THEN kept_answers.created_at
                ELSE excluded.created_at
            END
        WHERE coalesce(kept_answers.lease_expires_at <= now(), true)
            AND (
                kept_answers.created_at <= now() - interval '24 hours'
                OR (kept_answers.answer IS NULL AND kept_answers.request_digest = excluded.request_digest)
            )
        """

    public func renewClaim(
        on request: RepeatableRequest,
        by holder: UUID,
        leaseSeconds: Int
    ) async throws -> Bool {
        try await change(
            """
            UPDATE kept_answers SET lease_expires_at = now() + make_interval(secs => $4)
            WHERE client_id = $1 AND key_hash = $2 AND holder_id = $3
            """,
            request,
            holder,
            .integer(Int64(leaseSeconds))
        )
    }

    public func keep(_ answer: [UInt8], to request: RepeatableRequest, by holder: UUID) async throws -> Bool {
        try await change(
            """
            UPDATE kept_answers SET answer = $4, holder_id = NULL, lease_expires_at = NULL
            WHERE client_id = $1 AND key_hash = $2 AND holder_id = $3
            """,
            request,
            holder,
            .bytes(answer)
        )
    }

    public func releaseClaim(on request: RepeatableRequest, by holder: UUID) async throws {
        // The row stays: with it, the moment from which the ids of what the request makes follow.
        _ = try await change(
            """
            UPDATE kept_answers SET lease_expires_at = now()
            WHERE client_id = $1 AND key_hash = $2 AND holder_id = $3
            """,
            request,
            holder
        )
    }

    private func change(
        _ sql: String,
        _ request: RepeatableRequest,
        _ holder: UUID,
        _ more: PostgresValue...
    ) async throws -> Bool {
        try await withPortErrors {
            try await client.execute(
                Statement(sql, [.text(request.clientID.rawValue), .bytes(request.key), .uuid(holder)] + more)
            ).affectedRows == 1
        }
    }
}
