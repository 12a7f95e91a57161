public import ChatCore

/// The outbox of background events in PostgreSQL. Time is the database's, so the clocks of the relays do not matter.
public struct WebhookOutboxRepository: WebhookOutbox, OutboxGauge {
    private let client: PostgresClient

    public init(client: PostgresClient) {
        self.client = client
    }

    /// What another relay takes at the same time is left to it, so that none waits for another.
    public func take(_ demand: DeliveryDemand, for lease: DeliveryLease) async throws -> [WebhookDelivery] {
        try await withPortErrors {
            try await client.execute(WebhookOutboxStatements.take(demand, for: lease)).map { row in
                try row.webhookDelivery()
            }
        }
    }

    public func renew(_ deliveries: [DeliveryID: ClientID], for lease: DeliveryLease) async throws {
        try await withPortErrors {
            _ = try await client.execute(WebhookOutboxStatements.renew(deliveries, for: lease))
        }
    }

    public func settle(
        _ delivery: WebhookDelivery,
        as settlement: DeliverySettlement,
        for lease: DeliveryLease
    ) async throws {
        try await withPortErrors {
            _ = try await client.execute(WebhookOutboxStatements.settle(delivery, as: settlement, for: lease))
        }
    }

    public func outboxDepth() async throws -> OutboxDepth {
        try await withPortErrors {
            guard let row = try await client.execute(WebhookOutboxStatements.depth).first else {
                throw PostgresError(.protocolViolation, "The outboxes were not counted.")
            }
            return OutboxDepth(
                events: Int(try row.integer(0)),
                waitingDeliveries: Int(try row.integer(1)),
                deadDeliveries: Int(try row.integer(2))
            )
        }
    }
}

extension WebhookOutboxRepository {
    /// The newest deliveries, for operators.
    public func deliveries(
        in states: Set<DeliveryRecord.State>,
        of sessionType: SessionTypeID? = nil,
        limit: Int
    ) async throws -> [DeliveryRecord] {
        try await withPortErrors {
            try await client.execute(
                WebhookOutboxStatements.deliveries(in: states, of: sessionType, limit: limit)
            ).map { try $0.deliveryRecord() }
        }
    }

    /// Has dead deliveries delivered once more, with all their attempts.
    ///
    /// - Parameters:
    ///   - ids: which ones; `nil` for all.
    ///   - sessionType: whose; `nil` for every one's.
    /// - Returns: those that were dead.
    public func redeliver(
        _ ids: [DeliveryID]?,
        of sessionType: SessionTypeID? = nil
    ) async throws -> [DeliveryID] {
        try await withPortErrors {
            try await client.execute(WebhookOutboxStatements.redeliver(ids, of: sessionType)).map {
                DeliveryID(try $0.uuid(0))
            }
        }
    }
}

extension Row {
    /// What cannot be read of an event is left out, so that it holds up no other.
    fileprivate func webhookDelivery() throws(PostgresError) -> WebhookDelivery {
        let createdAt = try timestamp(8)
        let name = try word(4, as: BackgroundEvent.Name.self)
        let details = try? jsonObject(5)
        let kind = details.flatMap { BackgroundEvent.Kind(name, stored: $0) }
        let session = SessionID(try uuid(2))
        return WebhookDelivery(
            id: DeliveryID(try uuid(0)),
            clientID: try clientID(1),
            name: name,
            event: kind.map { BackgroundEvent($0, in: session, at: createdAt) },
            sessionTypeID: SessionTypeID(try uuid(3)),
            sessionType: try isNull(9) ? nil : try sessionType(at: 9),
            failedAttempts: Int(try integer(6)),
            traceparent: try optionalText(7),
            createdAt: createdAt
        )
    }

    fileprivate func deliveryRecord() throws(PostgresError) -> DeliveryRecord {
        DeliveryRecord(
            id: DeliveryID(try uuid(0)),
            clientID: try clientID(1),
            sessionTypeID: SessionTypeID(try uuid(2)),
            sessionID: SessionID(try uuid(3)),
            name: try word(4, as: BackgroundEvent.Name.self),
            state: try word(5, as: DeliveryRecord.State.self),
            attempts: Int(try integer(6)),
            lastError: try optionalText(7),
            createdAt: try timestamp(8),
            dueOrEndedAt: try timestamp(9)
        )
    }
}

extension BackgroundEvent.Kind {
    /// Reads what the transactions wrote that the events tell of.
    fileprivate init?(_ name: BackgroundEvent.Name, stored details: JSONObject) {
        func text(_ name: String) -> String? { details[name]?.stringValue }
        switch name {
        case .sessionDeleted:
            self = .sessionDeleted
        case .messageAborted:
            guard let message = text("message_id").flatMap({ MessageID($0) }),
                case .array(let parts)? = details["partial_content"]
            else { return nil }
            let content = parts.compactMap { ContentPart(stored: $0) }
            guard content.count == parts.count else { return nil }
            self = .messageAborted(message, partialContent: content)
        case .messageReaction:
            guard let message = text("message_id").flatMap({ MessageID($0) }),
                let user = text("user_id").flatMap({ ClientID($0) }),
                let reaction = text("reaction_type").flatMap({ Reaction(rawValue: $0) }),
                let previous = text("previous_reaction_type").flatMap({ Reaction(rawValue: $0) })
            else { return nil }
            self = .messageReaction(message, user: user, reaction, previous: previous)
        }
    }
}
