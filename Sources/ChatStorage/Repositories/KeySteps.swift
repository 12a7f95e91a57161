import ChatCore

/// What the statements of operations with an idempotency key have in common: each looks whether the key is known, and
/// claims it in the transaction of what it does.
enum KeySteps {
    /// `known_key (digest, result)`: one row when the key was used within 24 h.
    static func known(client: String, key: String) -> String {
        """
        known_key AS MATERIALIZED (
            SELECT digest, result
            FROM idempotency_keys
            WHERE client_id = \(client) AND key = \(key) AND created_at > now() - interval '24 hours'
        )
        """
    }

    /// The first cases of a verdict.
    static func verdicts(digest: String) -> String {
        """
        WHEN (SELECT digest FROM known_key) = \(digest) THEN 'repeated'
        WHEN EXISTS (SELECT FROM known_key) THEN 'key_reused'
        """
    }

    /// `claimed_key (key)`: one row when the `verdict` is `accepted` and the key was free. Another request that claims it
    /// at the same time is waited for.
    static func claimed(client: String, key: String, digest: String, result: String) -> String {
        """
        claimed_key AS (
            INSERT INTO idempotency_keys (client_id, key, digest, result)
            SELECT \(client), \(key), \(digest), \(result)
            FROM verdict
            WHERE verdict = 'accepted' AND \(key)::text IS NOT NULL
            ON CONFLICT (client_id, key) DO UPDATE
                SET digest = excluded.digest, result = excluded.result, created_at = excluded.created_at
                WHERE idempotency_keys.created_at <= now() - interval '24 hours'
            RETURNING key
        )
        """
    }

    private static let attempts = 3

    /// Runs `attempt` until it comes to an outcome. `nil` is none: another request with the same key committed between
    /// the look at the keys and the claim, and nothing was written.
    static func settle<Outcome>(_ attempt: () async throws -> Outcome?) async throws -> Outcome {
        for _ in 0..<attempts {
            if let outcome = try await attempt() { return outcome }
        }
        throw ChatError(.conflict, "Another request with this id is being carried out.")
    }
}
