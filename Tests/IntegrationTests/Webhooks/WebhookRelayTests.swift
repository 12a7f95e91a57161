import ChatBackends
import ChatCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TestSupport
import Testing

@testable import ChatRelay
@testable import ChatStorage

/// Relays between a real outbox and real backends.
@Suite(.timeLimit(.minutes(5)))
struct WebhookRelayTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let atOnce = DeliveryPolicy(firstPauseMilliseconds: 0, longestPauseMilliseconds: 0)

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs `body` with a relay of its own, whose retries do not wait.
    private func withRelay(
        _ storage: StorageFixture,
        _ body: (WebhookRelay) async throws -> Void
    ) async throws {
        let configuration = WebhookConfiguration(allowsPrivateAddresses: true)
        let backend = WebhookBackend(configuration: configuration, logger: logger)
        let relay = WebhookRelay(
            outbox: storage.webhookOutbox,
            backend: backend,
            drainSeconds: 0,
            logger: logger,
            policy: Self.atOnce
        )
        do {
            try await body(relay)
        } catch {
            try await backend.shutdown()
            throw error
        }
        try await backend.shutdown()
    }

    private func addType(
        _ url: String,
        to storage: StorageFixture,
        _ change: (inout SessionType) -> Void = { _ in }
    ) async throws -> SessionType {
        var type = SessionType(id: .make(), name: "Stub", webhookURL: url, webhookSecret: Self.secret)
        change(&type)
        try await storage.sessionTypes.createSessionType(type)
        return type
    }

    private func makeSession(of type: SessionType, in storage: StorageFixture) async throws -> SessionID {
        let session = Session(
            id: .make(),
            clientID: storage.owner,
            sessionTypeID: type.id,
            availableCapabilities: [],
            metadata: [:],
            createdAt: .now,
            updatedAt: .now
        )
        try await storage.sessions.createSession(session)
        return session.id
    }

    /// Deletes so many new sessions of a type, and returns their ids.
    @discardableResult
    private func deleteSessions(
        _ count: Int = 1,
        of type: SessionType,
        in storage: StorageFixture
    ) async throws -> [SessionID] {
        var ids: [SessionID] = []
        for _ in 0..<count {
            let id = try await makeSession(of: type, in: storage)
            _ = try await storage.edits.deleteSession(id, of: storage.owner, evenWhileStreaming: false)
            ids.append(id)
        }
        return ids
    }

    private func records(_ storage: StorageFixture) async throws -> [DeliveryRecord] {
        try await storage.webhookOutbox.deliveries(in: Set(DeliveryRecord.State.allCases), limit: 1000)
    }

    @Test("Each event arrives with the contract's body, signed, under its own id")
    func delivery() async throws {
        let calls = ReceivedCalls()
        try await withStorage { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                try await exchange.respond(.noContent, ["content-length": "0"])
            } _: { stub in
                let type = try await addType(stub.url, to: storage)
                let session = try await makeSession(of: type, in: storage)
                var exchange = storage.exchange(in: session)
                exchange.sessionTypeID = type.id
                let answer = try await storage.begin(exchange).response.id
                try await storage.finish(answer, as: .stopped, content: [.text("One, tw")])
                _ = try await storage.reactions.setReaction(.like, to: answer, of: storage.owner, user: storage.owner)
                _ = try await storage.edits.deleteSession(session, of: storage.owner, evenWhileStreaming: false)
                let records = try await records(storage)
                try await withRelay(storage) { await $0.deliverOnce() }

                let received = try await calls.next(3)
                #expect(Set(received.map(\.id)) == Set(records.map { "\($0.id)" }))
                let bodies = Dictionary(uniqueKeysWithValues: received.map { ($0.event, $0.body) })
                let (sessionID, message) = (JSONValue.string("\(session)"), JSONValue.string("\(answer)"))
                let times = Dictionary(
                    uniqueKeysWithValues: records.map { ($0.name.rawValue, JSONValue.string("\($0.createdAt)")) }
                )
                #expect(
                    bodies["message.aborted"] == [
                        "event": "message.aborted", "timestamp": try #require(times["message.aborted"]),
                        "session_id": sessionID, "message_id": message,
                        "partial_content": [["type": "text", "text": "One, tw"]],
                    ]
                )
                #expect(
                    bodies["message.reaction"] == [
                        "event": "message.reaction", "timestamp": try #require(times["message.reaction"]),
                        "session_id": sessionID, "message_id": message, "user_id": "alice", "reaction_type": "like",
                        "previous_reaction_type": "none",
                    ]
                )
                #expect(
                    bodies["session.deleted"] == [
                        "event": "session.deleted", "timestamp": try #require(times["session.deleted"]),
                        "session_id": sessionID,
                    ]
                )
                for call in received {
                    let (headers, body) = (call.exchange.head.headers, call.exchange.body)
                    let verdict = try await StandardWebhooksLibrary.verify(
                        headers: headers,
                        body: body,
                        with: Self.secret
                    )
                    #expect(verdict.status.isSuccess, "\(verdict)")
                }
                #expect(try await self.records(storage).allSatisfy { $0.state == .delivered && $0.attempts == 1 })
            }
        }
    }

    @Test("A failed attempt is made again, with the same id and body")
    func retry() async throws {
        let calls = ReceivedCalls()
        try await withStorage { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                let isFirst = try await records(storage).first?.attempts == 0
                try await exchange.respond(isFirst ? .internalServerError : .ok, StubBackend.Exchange.json, "{}")
            } _: { stub in
                try await deleteSessions(of: try await addType(stub.url, to: storage), in: storage)
                try await withRelay(storage) { relay in
                    await relay.deliverOnce()
                    let record = try #require(try await records(storage).first)
                    #expect(record.state == .waiting && record.attempts == 1)
                    #expect(record.lastError == "The backend answered 500")
                    await relay.deliverOnce()
                }
                let record = try #require(try await records(storage).first)
                #expect(record.state == .delivered && record.attempts == 2)
                let received = try await calls.next(2)
                #expect(received.map(\.id) == ["\(record.id)", "\(record.id)"])
                #expect(received.first?.exchange.body == received.last?.exchange.body)
            }
        }
    }

    @Test("After three attempts an event is dead, until an operator has it delivered once more")
    func deadLetter() async throws {
        let calls = ReceivedCalls()
        try await withStorage { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                try await exchange.respond(.serviceUnavailable, StubBackend.Exchange.json, "{}")
            } _: { stub in
                let type = try await addType(stub.url, to: storage)
                try await deleteSessions(of: type, in: storage)
                try await withRelay(storage) { relay in
                    for _ in 0..<5 { await relay.deliverOnce() }
                    let record = try #require(try await records(storage).first)
                    #expect(record.state == .dead && record.attempts == 3)
                    #expect(record.lastError == "The backend answered 503")
                    #expect(try await storage.webhookOutbox.redeliver(nil) == [record.id])
                    await relay.deliverOnce()
                    #expect(Set(try await calls.next(4).map(\.id)) == ["\(record.id)"])
                    #expect(try await records(storage).first?.attempts == 1)
                }
            }
        }
    }

    @Test("Relays that run at once deliver everything, each event once")
    func manyRelays() async throws {
        let calls = ReceivedCalls()
        try await withStorage(poolSize: 8) { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                try await exchange.respond(.ok, StubBackend.Exchange.json, "{}")
            } _: { stub in
                var sessions: [SessionID] = []
                for _ in 0..<3 {
                    let type = try await addType(stub.url, to: storage)
                    sessions += try await deleteSessions(20, of: type, in: storage)
                }
                let received = try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask { try await withRelay(storage) { try await $0.run() } }
                    }
                    let received = try await calls.next(60)
                    try await eventually("everything is settled") {
                        try await records(storage).allSatisfy { $0.state == .delivered } ? true : nil
                    }
                    group.cancelAll()
                    return received
                }
                #expect(Set(received.map(\.id)).count == 60)
                let told = Set(received.map { $0.body["session_id"]?.stringValue ?? "" })
                #expect(told == Set(sessions.map(\.description)))
                #expect(try await records(storage).allSatisfy { $0.attempts == 1 })
            }
        }
    }

    @Test("Backends that hang or are gone hold up no other")
    func isolation() async throws {
        let (hung, well) = (ReceivedCalls(), ReceivedCalls())
        try await withStorage(poolSize: 8) { storage in
            try await StubBackend.with { exchange in
                let call = try hung.add(exchange)
                if call.event != nil { try await exchange.connectionClosed.get() }
            } _: { hanging in
                try await StubBackend.with { exchange in
                    try well.add(exchange)
                    try await exchange.respond(.ok, StubBackend.Exchange.json, "{}")
                } _: { stub in
                    let slow = try await addType(hanging.url, to: storage)
                    let gone = try await addType("http://127.0.0.1:1/", to: storage)
                    let other = try await addType(stub.url, to: storage)
                    for type in [slow, gone, other] { try await deleteSessions(30, of: type, in: storage) }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await withRelay(storage) { try await $0.run() } }
                        // The hanging backend has all the room it gets, and keeps it.
                        _ = try await hung.next(DeliveryDesk.maximumOfOneType)
                        _ = try await well.next(30)
                        group.cancelAll()
                    }
                    #expect(try await records(storage).allSatisfy { $0.sessionTypeID != slow.id || $0.attempts == 0 })
                }
            }
        }
    }

    @Test("While the circuit is open events wait, and that is no attempt")
    func openCircuit() async throws {
        let calls = ReceivedCalls()
        try await withStorage { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                try await exchange.respond(.internalServerError, StubBackend.Exchange.json, "{}")
            } _: { stub in
                let type = try await addType(stub.url, to: storage) {
                    $0.circuitBreaker = SessionType.CircuitBreaker(failureThreshold: 1, openSeconds: 600)
                }
                try await deleteSessions(of: type, in: storage)
                try await withRelay(storage) { relay in
                    await relay.deliverOnce()
                    let first = try #require(try await calls.next().first)
                    try await deleteSessions(4, of: type, in: storage)
                    for _ in 0..<3 { await relay.deliverOnce() }
                    let records = try await records(storage)
                    #expect(records.count == 5 && records.allSatisfy { $0.state == .waiting })
                    #expect(records.allSatisfy { $0.attempts == ("\($0.id)" == first.id ? 1 : 0) })
                    #expect(stub.connectionCount == 1)
                }
            }
        }
    }

    @Test("What a relay that died had under way is delivered by another")
    func deadRelay() async throws {
        let calls = ReceivedCalls()
        try await withStorage { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                guard try await records(storage).first?.lastError == "lapsed" else {
                    return try await exchange.connectionClosed.get()
                }
                try await exchange.respond(.ok, StubBackend.Exchange.json, "{}")
            } _: { stub in
                try await deleteSessions(of: try await addType(stub.url, to: storage), in: storage)
                let first = try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await withRelay(storage) { await $0.deliverOnce() } }
                    let call = try #require(try await calls.next().first)
                    group.cancelAll()
                    return call
                }
                try await withRelay(storage) { relay in
                    // The lease of the dead one still holds.
                    await relay.deliverOnce()
                    #expect(try await records(storage).map(\.state) == [.waiting])
                    try await storage.database.query(
                        "UPDATE webhook_deliveries SET due_at = now(), last_error = 'lapsed'"
                    )
                    await relay.deliverOnce()
                }
                #expect(try await records(storage).map(\.state) == [.delivered])
                #expect(try await calls.next().first?.id == first.id)
            }
        }
    }

    @Test("A shutdown does not wait for a backend that hangs, and leaves the event to others")
    func shutdown() async throws {
        let calls = ReceivedCalls()
        try await withStorage { storage in
            try await StubBackend.with { exchange in
                try calls.add(exchange)
                try await exchange.connectionClosed.get()
            } _: { stub in
                try await deleteSessions(of: try await addType(stub.url, to: storage), in: storage)
                try await withRelay(storage) { relay in
                    let services = ServiceGroup(services: [relay], logger: logger)
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await services.run() }
                        _ = try await calls.next()
                        await services.triggerGracefulShutdown()
                        try await group.waitForAll()
                    }
                }
                let record = try #require(try await records(storage).first)
                #expect(record.state == .waiting && record.attempts == 0)
            }
        }
    }

    @Test("What is for a session type that is no more is dead at once")
    func deletedType() async throws {
        try await withStorage { storage in
            let type = try await addType("http://127.0.0.1:1/", to: storage)
            try await deleteSessions(of: type, in: storage)
            #expect(try await storage.sessionTypes.deleteSessionType(type.id) == .deleted)
            try await withRelay(storage) { await $0.deliverOnce() }
            let record = try #require(try await records(storage).first)
            #expect(record.state == .dead && record.attempts == 0)
            #expect(record.lastError == "The session type was deleted")
        }
    }
}
