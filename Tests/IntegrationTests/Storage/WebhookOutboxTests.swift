import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Background events are there if and only if what they tell of has happened.
@Suite struct WebhookOutboxTests {
    private let lease = DeliveryLease(relayID: .make(), seconds: 600)
    private let other = DeliveryLease(relayID: .make(), seconds: 600)
    private let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func take(
        _ storage: StorageFixture,
        for lease: DeliveryLease,
        total: Int = 100,
        perSessionType: Int = 100,
        rooms: [SessionTypeID: Int] = [:]
    ) async throws -> [WebhookDelivery] {
        let demand = DeliveryDemand(total: total, perSessionType: perSessionType, rooms: rooms)
        return try await storage.webhookOutbox.take(demand, for: lease)
    }

    /// Deletes so many new sessions of a type, which makes as many events.
    private func deleteSessions(_ count: Int, of type: SessionTypeID? = nil, in storage: StorageFixture) async throws {
        for _ in 0..<count {
            let id = try await storage.makeSession()
            if let type {
                try await storage.database.query("UPDATE sessions SET session_type_id = '\(type)'")
            }
            let deletion = try await storage.edits.deleteSession(id, of: storage.owner, evenWhileStreaming: false)
            #expect(deletion == .deleted)
        }
    }

    private func states(_ storage: StorageFixture) async throws -> [DeliveryRecord.State: Int] {
        let all = try await storage.webhookOutbox.deliveries(in: Set(DeliveryRecord.State.allCases), limit: 1000)
        return Dictionary(grouping: all, by: \.state).mapValues(\.count)
    }

    // MARK: Causes

    @Test(arguments: [
        (Message.State.stopped, true), (.abandoned, true), (.interrupted, true), (.complete, false), (.failed, false),
        (.timedOut, false),
    ])
    func `An answer that our side cut off is told of, with what was kept`(
        state: Message.State,
        isTold: Bool
    ) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let answer = try await storage.begin(storage.exchange(in: session)).response
            let content: [ContentPart] = [.text("One, tw"), .code("let", language: "swift")]
            var end = storage.end(of: answer.id, as: state, content: content)
            end.traceparent = trace
            _ = try await storage.messages.finishStream(end)
            let deliveries = try await take(storage, for: lease)
            guard isTold else {
                #expect(deliveries.isEmpty)
                return
            }
            let delivery = try #require(deliveries.first)
            #expect(deliveries.count == 1)
            #expect(delivery.event?.kind == .messageAborted(answer.id, partialContent: content))
            #expect(delivery.event?.sessionID == session)
            #expect(delivery.sessionType == storage.type)
            #expect(delivery.traceparent == trace)
            #expect(delivery.failedAttempts == 0)
            // As the engine makes them.
            #expect("\(delivery.id)".dropFirst(14).first == "7")
            #expect(try await storage.messages.finishStream(end) == nil)
            #expect(try await states(storage) == [.waiting: 1])
        }
    }

    @Test func `An answer that somebody else closes for its dead node is told of`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let answer = try await storage.begin(storage.exchange(in: session, node: NodeID.make())).response
            #expect(try await storage.leases.closeOrphans(limit: 10).count == 1)
            let delivery = try #require(try await take(storage, for: lease).first)
            #expect(delivery.event?.kind == .messageAborted(answer.id, partialContent: []))
        }
    }

    @Test func `A deleted session is told of once`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            for expected in [SessionDeletion.deleted, .notFound] {
                let deletion = try await storage.edits.deleteSession(
                    session,
                    of: storage.owner,
                    evenWhileStreaming: false,
                    traceparent: trace
                )
                #expect(deletion == expected)
            }
            let deliveries = try await take(storage, for: lease)
            #expect(deliveries.map(\.event?.kind) == [.sessionDeleted])
            #expect(deliveries.first?.event?.sessionID == session)
            #expect(deliveries.first?.traceparent == trace)
        }
    }

    @Test func `A deletion that streams are in the way of is not told of`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            _ = try await storage.begin(storage.exchange(in: session))
            guard
                case .streaming = try await storage.edits.deleteSession(
                    session,
                    of: storage.owner,
                    evenWhileStreaming: false
                )
            else {
                Issue.record("it was deleted")
                return
            }
            #expect(try await states(storage).isEmpty)
        }
    }

    @Test func `A reaction is told of when it changes something, with the one before`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let message = try await storage.converse(in: session).response.id
            for reaction in [Reaction.none, .like, .like, .dislike, .none, .none] {
                _ = try await storage.reactions.setReaction(
                    reaction,
                    to: message,
                    of: storage.owner,
                    user: storage.owner,
                    traceparent: trace
                )
            }
            let deliveries = try await take(storage, for: lease)
            let kinds = [(Reaction.like, Reaction.none), (.dislike, .like), (.none, .dislike)].map {
                BackgroundEvent.Kind.messageReaction(message, user: storage.owner, $0.0, previous: $0.1)
            }
            #expect(deliveries.map(\.event?.kind) == kinds)
            #expect(deliveries.allSatisfy { $0.event?.sessionID == session && $0.traceparent == trace })
        }
    }

    @Test func `What cannot be told of does not happen`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let message = try await storage.converse(in: session).response.id
            let answer = try await storage.begin(storage.exchange(in: session)).response.id
            try await storage.database.query(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
                CREATE TRIGGER refuse BEFORE INSERT ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION refuse();
                """
            )
            await #expect(throws: ChatError.self) { try await storage.finish(answer, as: .stopped) }
            await #expect(throws: ChatError.self) {
                try await storage.reactions.setReaction(.like, to: message, of: storage.owner, user: storage.owner)
            }
            await #expect(throws: ChatError.self) {
                try await storage.edits.deleteSession(session, of: storage.owner, evenWhileStreaming: true)
            }
            #expect(try await storage.messages.message(answer, of: storage.owner)?.state == .streaming)
            #expect(try await storage.database.query("SELECT count(*) FROM reactions") == "0")
            #expect(try await storage.session(session) != nil)
        }
    }

    @Test func `What does not happen is not told of`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            try await storage.database.query(
                "BEGIN; SELECT delete_session('\(storage.owner)', '\(session)', false, NULL); ROLLBACK"
            )
            #expect(try await states(storage).isEmpty)
            // As a node of the version before calls it.
            try await storage.database.query("SELECT delete_session('\(storage.owner)', '\(session)', false)")
            #expect(try await states(storage) == [.waiting: 1])
        }
    }

    // MARK: Leases

    @Test func `What one relay has nobody else gets until its lease runs out`() async throws {
        try await withStorage { storage in
            try await deleteSessions(3, in: storage)
            let first = try await take(storage, for: lease, total: 2)
            #expect(first.count == 2)
            let second = try await take(storage, for: other)
            #expect(second.count == 1)
            #expect(Set(first.map(\.id)).isDisjoint(with: second.map(\.id)))
            #expect(try await take(storage, for: lease).isEmpty)
            try await storage.database.query("UPDATE webhook_deliveries SET due_at = now()")
            #expect(Set(try await take(storage, for: other).map(\.id)).isSuperset(of: first.map(\.id)))
        }
    }

    @Test func `A lease is renewed by the relay that has it alone`() async throws {
        try await withStorage { storage in
            try await deleteSessions(1, in: storage)
            let delivery = try #require(try await take(storage, for: lease).first)
            let lapse = "UPDATE webhook_deliveries SET due_at = now() - interval '1 second'"
            try await storage.database.query(lapse)
            try await storage.webhookOutbox.renew([delivery.id: delivery.clientID], for: lease)
            #expect(try await take(storage, for: other).isEmpty)
            try await storage.database.query(lapse)
            try await storage.webhookOutbox.renew([delivery.id: delivery.clientID], for: other)
            #expect(try await take(storage, for: other).count == 1)
        }
    }

    @Test func `Who comes late changes nothing, except that what is delivered is delivered`() async throws {
        try await withStorage { storage in
            try await deleteSessions(1, in: storage)
            let delivery = try #require(try await take(storage, for: lease).first)
            try await storage.database.query("UPDATE webhook_deliveries SET due_at = now()")
            #expect(try await take(storage, for: other).count == 1)
            let outbox = storage.webhookOutbox
            try await outbox.settle(delivery, as: .dead(failedAttempts: 3, reason: "late"), for: lease)
            let again = DeliverySettlement.waiting(milliseconds: 0, failedAttempts: 2, reason: "late")
            try await outbox.settle(delivery, as: again, for: lease)
            let record = try #require(try await outbox.deliveries(in: [.waiting], limit: 10).first)
            #expect(record.attempts == 0 && record.lastError == nil)
            try await outbox.settle(delivery, as: .delivered, for: lease)
            try await outbox.settle(delivery, as: .dead(failedAttempts: 3, reason: "no"), for: other)
            #expect(try await states(storage) == [.delivered: 1])
        }
    }

    @Test func `Each session type gets its room, and none is always the last`() async throws {
        try await withStorage { storage in
            var types: [SessionTypeID] = [storage.type.id]
            for _ in 0..<3 {
                let type = SessionType(id: .make(), name: "Other", webhookURL: "http://127.0.0.1:1/")
                try await storage.sessionTypes.createSessionType(type)
                types.append(type.id)
            }
            for type in types { try await deleteSessions(6, of: type, in: storage) }
            let rooms = [types[0]: 0, types[1]: 1]
            let taken = try await take(storage, for: lease, perSessionType: 4, rooms: rooms)
            let counts = Dictionary(grouping: taken, by: \.sessionTypeID).mapValues(\.count)
            #expect(counts == [types[1]: 1, types[2]: 4, types[3]: 4])
            #expect(try await take(storage, for: lease, total: 3, perSessionType: 4).count == 3)
        }
    }

    @Test func `Many relays at once take everything once`() async throws {
        try await withStorage(poolSize: 8) { storage in
            try await deleteSessions(40, in: storage)
            let taken = try await withThrowingTaskGroup(of: [DeliveryID].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let lease = DeliveryLease(relayID: .make(), seconds: 600)
                        var ids: [DeliveryID] = []
                        while true {
                            let more = try await take(storage, for: lease, perSessionType: 3)
                            if more.isEmpty { return ids }
                            ids += more.map(\.id)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(taken.count == 40)
            #expect(Set(taken).count == 40)
        }
    }

    @Test func `Among many rows relays find theirs by an index, statistics or not`() async throws {
        try await withStorage { storage in
            try await storage.database.query(
                """
                INSERT INTO webhook_deliveries (client_id, session_type_id, session_id, event, details, state, ended_at)
                SELECT 'client-' || n % 100, md5('t' || n % 5)::uuid, gen_random_uuid(), 'session.deleted', '{}',
                    CASE WHEN n % 4 = 0 THEN 'waiting' ELSE 'delivered' END, CASE WHEN n % 4 > 0 THEN now() END
                FROM generate_series(1, 20000) AS n
                """
            )
            let held = try #require(try await take(storage, for: lease, total: 1).first)
            let demand = DeliveryDemand(total: 100, perSessionType: 8, rooms: [.make(): 3])
            let statements = [
                WebhookOutboxStatements.take(demand, for: lease),
                WebhookOutboxStatements.renew([held.id: held.clientID], for: lease),
                WebhookOutboxStatements.settle(held, as: .delivered, for: lease),
                WebhookOutboxStatements.settle(held, as: .dead(failedAttempts: 3, reason: ""), for: lease),
            ]
            for isAnalyzed in [false, true] {
                if isAnalyzed { try await storage.database.query("ANALYZE webhook_deliveries") }
                for statement in statements {
                    let plan = try await storage.client.execute(
                        Statement("EXPLAIN \(statement.sql)", statement.parameters, effect: .readOnly)
                    ).map { try $0.text(0) }.joined(separator: "\n")
                    #expect(!plan.contains("Seq Scan on webhook_deliveries"), "\(plan)")
                }
            }
        }
    }

    // MARK: Outcomes

    @Test func `What is delivered keeps nothing of what was said`() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let answer = try await storage.begin(storage.exchange(in: session)).response.id
            try await storage.finish(answer, as: .stopped, content: [.text("secret")])
            let delivery = try #require(try await take(storage, for: lease).first)
            try await storage.webhookOutbox.settle(delivery, as: .delivered, for: lease)
            let row = try await storage.database.query(
                "SELECT state, details IS NULL, attempts, ended_at IS NOT NULL FROM webhook_deliveries"
            )
            #expect(row == "delivered|t|1|t")
            #expect(try await take(storage, for: other).isEmpty)
        }
    }

    @Test func `What failed is due again after its pause, and what is dead when an operator wants it`() async throws {
        try await withStorage { storage in
            try await deleteSessions(1, in: storage)
            let outbox = storage.webhookOutbox
            let first = try #require(try await take(storage, for: lease).first)
            let pause = DeliverySettlement.waiting(milliseconds: 600_000, failedAttempts: 1, reason: "503")
            try await outbox.settle(first, as: pause, for: lease)
            #expect(try await take(storage, for: other).isEmpty)
            try await storage.database.query("UPDATE webhook_deliveries SET due_at = due_at - interval '600 seconds'")
            let second = try #require(try await take(storage, for: other).first)
            #expect(second.id == first.id && second.failedAttempts == 1)
            #expect(second.event == first.event)
            try await outbox.settle(second, as: .dead(failedAttempts: 3, reason: "500"), for: other)
            let record = try #require(try await outbox.deliveries(in: [.dead], limit: 10).first)
            #expect(record.attempts == 3 && record.lastError == "500" && record.id == first.id)
            #expect(try await take(storage, for: lease).isEmpty)
            #expect(try await outbox.outboxDepth().deadDeliveries == 1)

            #expect(try await outbox.redeliver([.make()]).isEmpty)
            #expect(try await outbox.redeliver(nil, of: .make()).isEmpty)
            #expect(try await outbox.redeliver([first.id], of: storage.type.id) == [first.id])
            #expect(try await outbox.redeliver(nil).isEmpty)
            let again = try #require(try await take(storage, for: lease).first)
            #expect(again.id == first.id && again.failedAttempts == 0 && again.event == first.event)
        }
    }

    @Test func `What cannot be read, or is for a session type that is no more, is taken as such`() async throws {
        try await withStorage { storage in
            try await deleteSessions(2, in: storage)
            #expect(try await storage.sessionTypes.deleteSessionType(storage.type.id) == .deleted)
            try await storage.database.query(
                "UPDATE webhook_deliveries SET event = 'message.aborted' WHERE ctid = (SELECT min(ctid) FROM webhook_deliveries)"
            )
            let taken = try await take(storage, for: lease)
            #expect(taken.count == 2)
            #expect(taken.allSatisfy { $0.sessionType == nil })
            #expect(Set(taken.map(\.name)) == [.messageAborted, .sessionDeleted])
            #expect(taken.count { $0.event == nil } == 1)
        }
    }

    @Test func `What has ended is forgotten, the delivered after a day, the dead after thirty`() async throws {
        try await withStorage { storage in
            try await deleteSessions(5, in: storage)
            try await storage.database.query(
                """
                WITH numbered AS (SELECT delivery_id, row_number() OVER () AS n FROM webhook_deliveries)
                UPDATE webhook_deliveries AS w SET
                    state = (ARRAY['delivered', 'delivered', 'dead', 'dead', 'waiting'])[n],
                    ended_at = now() - (ARRAY['25 hours', '23 hours', '31 days', '29 days', NULL])[n]::interval,
                    created_at = now() - interval '60 days'
                FROM numbered WHERE numbered.delivery_id = w.delivery_id
                """
            )
            #expect(try await ExpiredRecords(client: storage.client).delete(limit: 10) == 2)
            #expect(try await states(storage) == [.delivered: 1, .dead: 1, .waiting: 1])
            let depth = try await storage.webhookOutbox.outboxDepth()
            #expect(depth.waitingDeliveries == 1 && depth.deadDeliveries == 1)
            #expect(depth.events == 5)
        }
    }
}
