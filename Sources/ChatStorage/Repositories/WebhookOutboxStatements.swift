import ChatCore

/// The statements of ``WebhookOutboxRepository``.
enum WebhookOutboxStatements {
    /// Session types are gone through one by one along the index, and in no order, so that none is always the last.
    static func take(_ demand: DeliveryDemand, for lease: DeliveryLease) -> Statement {
        let rooms = demand.rooms.sorted { $0.key.description < $1.key.description }
        return Statement(
            """
            WITH RECURSIVE types (id) AS (
                (
                    SELECT session_type_id FROM webhook_deliveries WHERE state = 'waiting'
                    ORDER BY session_type_id LIMIT 1
                )
                UNION ALL
                SELECT (
                    SELECT session_type_id FROM webhook_deliveries
                    WHERE state = 'waiting' AND session_type_id > types.id
                    ORDER BY session_type_id LIMIT 1
                )
                FROM types
                WHERE types.id IS NOT NULL
            ), places AS (
                SELECT types.id, coalesce(known.room, $3) AS room
                FROM types
                LEFT JOIN unnest($1, $2) AS known (id, room) ON known.id = types.id
                WHERE types.id IS NOT NULL
                ORDER BY random()
            ), due AS MATERIALIZED (
                SELECT d.client_id, d.delivery_id
                FROM places
                CROSS JOIN LATERAL (
                    SELECT client_id, delivery_id
                    FROM webhook_deliveries
                    WHERE state = 'waiting' AND session_type_id = places.id AND due_at <= now()
                    ORDER BY due_at
                    LIMIT places.room
                    FOR UPDATE SKIP LOCKED
                ) AS d
                LIMIT $4
            ), taken AS (
                UPDATE webhook_deliveries AS w
                SET relay_id = $5, due_at = clock_timestamp() + make_interval(secs => $6)
                FROM due
                WHERE w.client_id = due.client_id AND w.delivery_id = due.delivery_id
                RETURNING w.*
            )
            SELECT taken.delivery_id, taken.client_id, taken.session_id, taken.session_type_id, taken.event,
                taken.details, taken.attempts, taken.traceparent, taken.created_at, \(SessionTypeColumns.list)
            FROM taken
            LEFT JOIN session_types AS t ON t.session_type_id = taken.session_type_id
            ORDER BY taken.created_at
            """,
            [
                .uuidArray(rooms.map(\.key.uuid)), .integerArray(rooms.map { Int64(max(0, $0.value)) }),
                .integer(Int64(max(0, demand.perSessionType))), .integer(Int64(max(0, demand.total))),
                .uuid(lease.relayID.uuid), .integer(Int64(lease.seconds)),
            ]
        )
    }

    static func renew(_ deliveries: [DeliveryID: ClientID], for lease: DeliveryLease) -> Statement {
        Statement(
            """
            UPDATE webhook_deliveries AS w SET due_at = clock_timestamp() + make_interval(secs => $4)
            FROM unnest($1, $2) AS held (client_id, delivery_id)
            WHERE w.client_id = held.client_id AND w.delivery_id = held.delivery_id
                AND w.relay_id = $3 AND w.state = 'waiting'
            """,
            [
                .textArray(deliveries.map(\.value.rawValue)), .uuidArray(deliveries.map(\.key.uuid)),
                .uuid(lease.relayID.uuid), .integer(Int64(lease.seconds)),
            ]
        )
    }

    static func settle(
        _ delivery: WebhookDelivery,
        as settlement: DeliverySettlement,
        for lease: DeliveryLease
    ) -> Statement {
        let key: [PostgresValue] = [.text(delivery.clientID.rawValue), .uuid(delivery.id.uuid)]
        switch settlement {
        case .delivered:
            return Statement(
                """
                UPDATE webhook_deliveries
                SET state = 'delivered', details = NULL, attempts = attempts + 1, relay_id = NULL, last_error = NULL,
                    ended_at = clock_timestamp()
                WHERE client_id = $1 AND delivery_id = $2 AND state = 'waiting'
                """,
                key
            )
        case .waiting(let milliseconds, let failedAttempts, let reason):
            return Statement(
                """
                UPDATE webhook_deliveries
                SET attempts = $4, last_error = $5, relay_id = NULL,
                    due_at = clock_timestamp() + $6 * interval '1 millisecond'
                WHERE client_id = $1 AND delivery_id = $2 AND relay_id = $3 AND state = 'waiting'
                """,
                key + [
                    .uuid(lease.relayID.uuid), .integer(Int64(failedAttempts)), .text(reason),
                    .integer(max(0, milliseconds)),
                ]
            )
        case .dead(let failedAttempts, let reason):
            return Statement(
                """
                UPDATE webhook_deliveries
                SET state = 'dead', attempts = $4, last_error = $5, relay_id = NULL, ended_at = clock_timestamp()
                WHERE client_id = $1 AND delivery_id = $2 AND relay_id = $3 AND state = 'waiting'
                """,
                key + [.uuid(lease.relayID.uuid), .integer(Int64(failedAttempts)), .text(reason)]
            )
        }
    }

    static let depth = Statement(
        """
        SELECT
            (SELECT count(*) FROM event_outbox),
            (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'),
            (SELECT count(*) FROM webhook_deliveries WHERE state = 'dead' AND ended_at IS NOT NULL)
        """
    )

    static func deliveries(
        in states: Set<DeliveryRecord.State>,
        of sessionType: SessionTypeID?,
        limit: Int
    ) -> Statement {
        Statement(
            """
            SELECT delivery_id, client_id, session_type_id, session_id, event, state, attempts, last_error, created_at,
                coalesce(ended_at, due_at)
            FROM webhook_deliveries
            WHERE state = ANY ($1) AND ($2::uuid IS NULL OR session_type_id = $2)
            ORDER BY created_at DESC, delivery_id DESC
            LIMIT $3
            """,
            [
                .textArray(states.map(\.rawValue).sorted()), .uuid(sessionType?.uuid), .integer(Int64(limit)),
            ]
        )
    }

    static func redeliver(_ ids: [DeliveryID]?, of sessionType: SessionTypeID?) -> Statement {
        Statement(
            """
            UPDATE webhook_deliveries
            SET state = 'waiting', attempts = 0, ended_at = NULL, due_at = now()
            WHERE state = 'dead' AND ended_at IS NOT NULL
                AND ($1::uuid[] IS NULL OR delivery_id = ANY ($1)) AND ($2::uuid IS NULL OR session_type_id = $2)
            RETURNING delivery_id
            """,
            [ids.map { .uuidArray($0.map(\.uuid)) } ?? .null, .uuid(sessionType?.uuid)]
        )
    }
}
