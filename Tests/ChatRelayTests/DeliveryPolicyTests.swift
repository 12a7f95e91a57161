import ChatCore
import Testing

@testable import ChatRelay

@Suite struct DeliveryPolicyTests {
    private let now = Timestamp(microsecondsSince1970: 1_770_287_400_000_000)

    private func settlement(
        after outcome: NotificationOutcome,
        failedAttempts: Int = 0,
        ageSeconds: Int64 = 0,
        jitter: Double = 1
    ) throws -> DeliverySettlement {
        let delivery = try WebhookDelivery.sample(
            failedAttempts: failedAttempts,
            createdAt: now.advanced(bySeconds: -ageSeconds)
        )
        return DeliveryPolicy().settlement(of: delivery, after: outcome, now: now, jitter: jitter)
    }

    private func pause(failedAttempts: Int, retryAfter: Int? = nil, jitter: Double = 1) throws -> Int64? {
        let outcome = NotificationOutcome.failed(reason: "no", retryAfterSeconds: retryAfter)
        guard
            case .waiting(let milliseconds, failedAttempts + 1, "no") = try settlement(
                after: outcome,
                failedAttempts: failedAttempts,
                jitter: jitter
            )
        else { return nil }
        return milliseconds
    }

    @Test func `What was delivered is done`() throws {
        #expect(try settlement(after: .delivered, failedAttempts: 2) == .delivered)
    }

    @Test func `Three attempts, with growing pauses and full jitter, then it is dead`() throws {
        #expect(try pause(failedAttempts: 0) == 1000)
        #expect(try pause(failedAttempts: 1) == 5000)
        #expect(try pause(failedAttempts: 1, jitter: 0.5) == 2500)
        #expect(try pause(failedAttempts: 0, jitter: 0) == 0)
        let outcome = NotificationOutcome.failed(reason: "no", retryAfterSeconds: nil)
        #expect(try settlement(after: outcome, failedAttempts: 2) == .dead(failedAttempts: 3, reason: "no"))
    }

    @Test func `Retry-After is honoured up to five seconds`() throws {
        #expect(try pause(failedAttempts: 0, retryAfter: 2) == 2000)
        #expect(try pause(failedAttempts: 0, retryAfter: 600) == 5000)
        #expect(try pause(failedAttempts: 0, retryAfter: -1) == 0)
        #expect(try pause(failedAttempts: 0, retryAfter: .max) == 5000)
    }

    @Test func `While the circuit is open it waits, which is no attempt, for a day`() throws {
        let outcome = NotificationOutcome.postponed(reason: "open", retryAfterSeconds: 30)
        let waiting = DeliverySettlement.waiting(milliseconds: 30_000, failedAttempts: 2, reason: "open")
        #expect(try settlement(after: outcome, failedAttempts: 2) == waiting)
        #expect(try settlement(after: outcome, failedAttempts: 2, ageSeconds: 86_399) == waiting)
        let dead = DeliverySettlement.dead(failedAttempts: 2, reason: "open")
        #expect(try settlement(after: outcome, failedAttempts: 2, ageSeconds: 86_400) == dead)
    }
}

extension WebhookDelivery {
    static func sample(
        of sessionType: SessionTypeID = .make(),
        failedAttempts: Int = 0,
        createdAt: Timestamp = .now
    ) throws -> WebhookDelivery {
        WebhookDelivery(
            id: .make(),
            clientID: try #require(ClientID("alice")),
            name: .sessionDeleted,
            event: BackgroundEvent(.sessionDeleted, in: .make(), at: createdAt),
            sessionTypeID: sessionType,
            sessionType: SessionType(id: sessionType, name: "Test", webhookURL: "http://127.0.0.1:1/"),
            failedAttempts: failedAttempts,
            createdAt: createdAt
        )
    }
}
