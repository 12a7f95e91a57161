import ChatCore
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

    private func machine(streams: Int = 2) -> ConnectionStateMachine {
        ConnectionStateMachine(maximumStreams: streams, now: start)
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
        for second in 0..<19 {
            #expect(machine.badInputArrived(now: start.advanced(bySeconds: Int64(second))) == .answer)
        }
        #expect(machine.badInputArrived(now: start.advanced(bySeconds: 59)) == .close(.policyViolation))
        #expect(machine.badInputArrived(now: start.advanced(bySeconds: 59)) == .none)
    }

    @Test func oldBadInputsAreForgotten() {
        var machine = machine()
        for second in 0..<200 {
            #expect(machine.badInputArrived(now: start.advanced(bySeconds: Int64(second * 4))) == .answer)
        }
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
