import Testing

@testable import ChatBus

struct ConnectionStateMachineTests {
    private static let steps: [HandshakeStep] = [
        .authenticate(username: "u", password: "p"), .setName("n"), .ping,
    ]

    private func ready() -> ConnectionStateMachine {
        var machine = ConnectionStateMachine(handshake: [.ping])
        _ = machine.connected()
        #expect(machine.received(.status("PONG")) == .becomeReady)
        return machine
    }

    @Test func `The handshake is answered step by step`() {
        var machine = ConnectionStateMachine(handshake: Self.steps)
        #expect(machine.connected() == Self.steps)
        #expect(machine.connected() == [])
        #expect(machine.received(.status("OK")) == .none)
        #expect(machine.received(.status("OK")) == .none)
        #expect(machine.received(.status("PONG")) == .becomeReady)
        #expect(machine.received(.integer(1)) == .deliver(.integer(1)))
    }

    @Test func `A wrong password ends it, without the password in the error`() {
        var machine = ConnectionStateMachine(handshake: Self.steps)
        _ = machine.connected()
        let action = machine.received(.error("WRONGPASS no"))
        #expect(action == .fail(.handshakeRefused(step: "AUTH", reply: "WRONGPASS no")))
    }

    @Test func `A name that is refused does not matter`() {
        var machine = ConnectionStateMachine(handshake: Self.steps)
        _ = machine.connected()
        _ = machine.received(.status("OK"))
        #expect(machine.received(.error("NOPERM")) == .report(refused: .setName("n"), reply: "NOPERM"))
        #expect(machine.received(.status("PONG")) == .becomeReady)
    }

    @Test func `Nothing is expected before the handshake, and nothing but a status in it`() {
        var early = ConnectionStateMachine(handshake: Self.steps)
        #expect(early.received(.status("OK")) == .fail(.protocolViolation("a reply to no command")))
        var odd = ConnectionStateMachine(handshake: Self.steps)
        _ = odd.connected()
        #expect(odd.received(.integer(1)) == .fail(.protocolViolation("an unexpected reply to AUTH")))
    }

    @Test func `Leaving a ready connection says farewell and still takes answers`() {
        var machine = ready()
        #expect(machine.shutDown() == .quit)
        #expect(machine.shutDown() == .none)
        #expect(machine.received(.integer(3)) == .deliver(.integer(3)))
        #expect(machine.closed() == .disconnect(isExpected: true))
        #expect(machine.received(.integer(3)) == .none)
    }

    @Test func `Leaving a connection that is not ready closes it`() {
        var machine = ConnectionStateMachine(handshake: Self.steps)
        #expect(machine.shutDown() == .close)
        _ = machine.connected()
        #expect(machine.shutDown() == .close)
        #expect(machine.closed() == .none)
    }

    @Test func `A connection is lost once`() {
        var machine = ready()
        #expect(machine.closed() == .disconnect(isExpected: false))
        #expect(machine.closed() == .none)
        #expect(machine.shutDown() == .none)
    }

    @Test func `The steps follow the configuration`() {
        var configuration = RedisConfiguration(address: .tcp(host: "h", port: 1))
        #expect(
            HandshakeStep.steps(for: configuration, role: .commands) == [.setName("chat-engine:commands"), .ping]
        )
        configuration.username = "u"
        configuration.password = "p"
        configuration.database = 2
        let steps = HandshakeStep.steps(for: configuration, role: .subscriptions)
        #expect(
            steps.map(\.words) == [
                ["AUTH", "u", "p"], ["SELECT", "2"], ["CLIENT", "SETNAME", "chat-engine:subscriptions"], ["PING"],
            ]
        )
        #expect(!steps.map(\.name).contains { $0.contains("p") })
    }
}
