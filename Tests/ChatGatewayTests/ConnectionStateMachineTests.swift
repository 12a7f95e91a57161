import ChatCore
import ChatRuntime
import Testing

@testable import ChatGateway

@Suite struct ConnectionStateMachineTests {
    private let start = Timestamp(microsecondsSince1970: 1_000_000_000_000)

    private func caller(_ name: String, expiresAfter seconds: Int64 = 60) throws -> Caller {
        Caller(
            clientID: try #require(ClientID(name)),
            isAdministrator: false,
            expiresAt: start.advanced(bySeconds: seconds)
        )
    }

    private func machine(
        streams: Int = 2,
        limits: GatewayConfiguration.ConnectionLimits = GatewayConfiguration.ConnectionLimits()
    ) -> ConnectionStateMachine {
        ConnectionStateMachine(maximumStreams: streams, limits: limits, now: start)
    }

    @Test func theFirstTokenMakesReadyAndLaterOnesRefresh() throws {
        var machine = machine()
        #expect(machine.isAwaitingToken)
        guard case .makeReady = machine.tokenAccepted(try caller("a")) else {
            Issue.record("not ready")
            return
        }
        #expect(machine.caller?.clientID.rawValue == "a")
        guard case .refreshed = machine.tokenAccepted(try caller("a", expiresAfter: 120)) else {
            Issue.record("not refreshed")
            return
        }
        let expired = machine.tokenExpired(now: start.advanced(bySeconds: 61))
        #expect(!expired)
        let expiredLater = machine.tokenExpired(now: start.advanced(bySeconds: 121))
        #expect(expiredLater)
        #expect(machine.isClosing)
        let again = machine.tokenExpired(now: start.advanced(bySeconds: 122))
        #expect(!again)
    }

    @Test func anotherClientsTokenCloses() throws {
        var machine = machine()
        _ = machine.tokenAccepted(try caller("a"))
        guard case .close(.unauthenticated, let error) = machine.tokenAccepted(try caller("b")) else {
            Issue.record("not closed")
            return
        }
        #expect(error.code == .authRequired)
        guard case .none = machine.tokenAccepted(try caller("a")) else {
            Issue.record("a closing connection takes no token")
            return
        }
    }

    @Test(arguments: [
        (ChatError.Code.authRequired, CloseCode.unauthenticated), (.serviceUnavailable, .overloaded),
        (.internalError, .internalError),
    ])
    func aFirstTokenThatIsRefusedCloses(code: ChatError.Code, close: CloseCode) {
        var machine = machine()
        let refusal = machine.tokenRefused(code)
        #expect(refusal == .close(close))
        #expect(machine.isClosing)
        let again = machine.tokenRefused(code)
        #expect(again == .none)
    }

    @Test func aFreshTokenThatCannotBeCheckedLeavesTheOldOne() throws {
        var machine = machine()
        _ = machine.tokenAccepted(try caller("a"))
        let unchecked = machine.tokenRefused(.serviceUnavailable)
        #expect(unchecked == .tell)
        #expect(machine.caller?.clientID.rawValue == "a")
        let expired = machine.tokenExpired(now: start.advanced(bySeconds: 61))
        #expect(expired)
        var other = self.machine()
        _ = other.tokenAccepted(try caller("a"))
        let bad = other.tokenRefused(.authRequired)
        #expect(bad == .close(.unauthenticated))
    }

    @Test func withoutATokenInTimeItEnds() {
        var machine = machine()
        let expired = machine.tokenExpired(now: start)
        #expect(expired)
    }

    @Test func boundsStreams() {
        var machine = machine(streams: 2)
        #expect(machine.streamRequested() == .begin)
        #expect(machine.streamRequested() == .begin)
        #expect(machine.streamRequested() == .refuse)
        machine.streamEnded()
        #expect(machine.streamRequested() == .begin)
    }

    @Test func twentyBadInputsWithinAMinuteClose() {
        var machine = machine()
        let start = ContinuousClock.now
        for second in 0..<19 {
            #expect(machine.badInputArrived(now: start + .seconds(second)) == .answer)
        }
        #expect(machine.badInputArrived(now: start + .seconds(59)) == .close(.policyViolation))
        #expect(machine.badInputArrived(now: start + .seconds(59)) == .none)
    }

    @Test func oldBadInputsAreForgotten() {
        var machine = machine()
        let start = ContinuousClock.now
        for second in 0..<200 {
            #expect(machine.badInputArrived(now: start + .seconds(second * 4)) == .answer)
        }
    }

    @Test func messagesOverTheRateAreRefusedAndInTheEndClose() {
        var limits = GatewayConfiguration.ConnectionLimits()
        limits.maximumMessagesPerSecond = 3
        limits.maximumRefusedMessages = 4
        limits.refusedMessagesWindowSeconds = 10
        var machine = machine(limits: limits)
        var now = ContinuousClock.now
        for _ in 0..<6 { #expect(machine.messageArrived(now: now) == .take) }
        for _ in 0..<3 { #expect(machine.messageArrived(now: now) == .refuse) }
        // The refused ones are forgotten after a while.
        now += .seconds(10)
        for _ in 0..<6 { #expect(machine.messageArrived(now: now) == .take) }
        for _ in 0..<3 { #expect(machine.messageArrived(now: now) == .refuse) }
        // One that is taken in between excuses nothing.
        now += .seconds(1) / 2
        #expect(machine.messageArrived(now: now) == .take)
        #expect(machine.messageArrived(now: now) == .refuseAndClose)
    }

    @Test func aClosingConnectionTakesNoMessage() {
        var machine = machine()
        #expect(machine.messageArrived(now: .now) == .take)
        _ = machine.close()
        #expect(machine.messageArrived(now: .now) == .none)
    }

    @Test func silenceIsNoticed() {
        var machine = machine()
        #expect(!machine.isSilent(since: 60, now: start.advanced(bySeconds: 59)))
        #expect(machine.isSilent(since: 60, now: start.advanced(bySeconds: 60)))
        machine.frameArrived(now: start.advanced(bySeconds: 50))
        #expect(!machine.isSilent(since: 60, now: start.advanced(bySeconds: 60)))
    }

    @Test func closesOnce() {
        var machine = machine()
        let first = machine.close()
        let second = machine.close()
        #expect(first)
        #expect(!second)
    }
}
