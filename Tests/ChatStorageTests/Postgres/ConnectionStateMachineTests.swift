import Testing

@testable import ChatStorage

@Suite struct ConnectionStateMachineTests {
    typealias Machine = ConnectionStateMachine

    /// A machine that is ready, and what follows.
    private func ready(answerTimeoutMilliseconds: Int? = 1000) throws -> Machine {
        var machine = Machine(
            now: .at(0),
            connectTimeoutMilliseconds: 500,
            answerTimeoutMilliseconds: answerTimeoutMilliseconds
        )
        let commands = machine.connected(setup: .make(0, ["SET"], commit: .none))
        #expect(commands == [.prepare(name: "s1", index: 0), .execute(name: "s1", index: 0), .synchronize])
        machine.handed(3)
        try machine.complete(2)
        guard case .ready = machine.received(.synchronized(.idle), now: .at(0)) else { throw Unexpected() }
        return machine
    }

    private struct Unexpected: Error {}

    @Test func aStatementIsPreparedWithItsFirstExecution() throws {
        var machine = try ready()
        let first = machine.begin(.make(1), now: .at(1))
        #expect(first == [.prepare(name: "s2", index: 0), .execute(name: "s2", index: 0), .synchronize])
        #expect(machine.begin(.make(2), now: .at(1)) == [.execute(name: "s2", index: 0), .synchronize])
        try machine.complete(2)
        guard case .succeed(let operation, let results) = machine.received(.synchronized(.active), now: .at(2)) else {
            throw Unexpected()
        }
        #expect(operation.id == 1)
        #expect(results.count == 1)
        #expect(machine.isExpecting)
        try machine.complete(1)
        guard case .succeed(let second, _) = machine.received(.synchronized(.idle), now: .at(2)) else {
            throw Unexpected()
        }
        #expect(second.id == 2)
        #expect(!machine.isExpecting)
    }

    @Test func aFailedPreparationIsForgottenAndReachesNobodyElse() throws {
        var machine = try ready()
        _ = machine.begin(.make(1), now: .at(1))
        _ = machine.begin(.make(2, ["OTHER"]), now: .at(1))
        _ = machine.received(.failed(.make("42601")), now: .at(1))
        _ = machine.received(.skipped, now: .at(1))
        guard case .fail(let failed, let error, nil) = machine.received(.synchronized(.active), now: .at(1)) else {
            throw Unexpected()
        }
        #expect(failed.id == 1)
        #expect(error.sqlState == "42601")
        try machine.complete(2)
        guard case .succeed = machine.received(.synchronized(.idle), now: .at(1)) else { throw Unexpected() }
        #expect(machine.begin(.make(3), now: .at(2)).first == .prepare(name: "s4", index: 0))
    }

    @Test func aFailedTransactionIsRolledBackBeforeItsErrorIsTold() throws {
        var machine = try ready()
        let commands = machine.begin(.makeTransaction(), now: .at(1))
        #expect(commands.count == 9)
        try machine.complete(2)
        _ = machine.received(.failed(.make("42601")), now: .at(1))
        for _ in 0..<5 { _ = machine.received(.skipped, now: .at(1)) }
        guard case .send(let commands) = machine.received(.synchronized(.failed), now: .at(1)) else {
            throw Unexpected()
        }
        #expect(commands == [.rollBack, .synchronize])
        try machine.complete(1)
        guard case .fail(_, let error, nil) = machine.received(.synchronized(.idle), now: .at(1)) else {
            throw Unexpected()
        }
        #expect(error.sqlState == "42601")
        // What was skipped is not prepared: BEGIN alone is.
        let again = machine.begin(.makeTransaction(2), now: .at(2))
        #expect(again.count == 8)
        #expect(again.first == .execute(name: "s2", index: 0))
    }

    @Test func aConnectionThatCannotRollBackIsClosed() throws {
        var machine = try ready()
        _ = machine.begin(.make(1, ["BEGIN"]), now: .at(1))
        try machine.complete(2)
        guard case .send = machine.received(.synchronized(.open), now: .at(1)) else { throw Unexpected() }
        try machine.complete(1)
        guard case .close = machine.received(.synchronized(.open), now: .at(1)) else { throw Unexpected() }
    }

    @Test(arguments: [("40001", PostgresOperation.Retry.conflict), ("40P01", .conflict), ("23505", nil)])
    func aConflictMayBeTriedAgain(sqlState: String, expected: PostgresOperation.Retry?) throws {
        var machine = try ready()
        _ = machine.begin(.make(1), now: .at(1))
        try machine.complete(1)
        _ = machine.received(.failed(.make(sqlState)), now: .at(1))
        guard case .fail(_, _, let retry) = machine.received(.synchronized(.idle), now: .at(1)) else {
            throw Unexpected()
        }
        #expect(retry == expected)
    }

    @Test func aStepOfAnInteractiveTransactionIsNeverTriedAgain() throws {
        var machine = try ready()
        let step = PostgresOperation.make(
            1,
            ["BEGIN", "UPDATE"],
            commit: .none,
            sharing: .exclusive,
            keepsTransactionOpen: true
        )
        _ = machine.begin(step, now: .at(1))
        #expect(machine.deadline == nil)
        try machine.complete(3)
        _ = machine.received(.failed(.make("40001")), now: .at(1))
        guard case .fail(_, _, nil) = machine.received(.synchronized(.failed), now: .at(1)) else { throw Unexpected() }
    }

    @Test func aLostPreparedStatementIsMadeAnew() throws {
        var machine = try ready()
        _ = machine.begin(.make(1), now: .at(1))
        try machine.complete(1)
        _ = machine.received(.failed(.make("26000", isLost: true)), now: .at(1))
        guard case .fail(_, _, .preparedStatementLost) = machine.received(.synchronized(.idle), now: .at(1)) else {
            throw Unexpected()
        }
        #expect(machine.begin(.make(1), now: .at(1)).first == .prepare(name: "s3", index: 0))
    }

    @Test func withOneLostStatementAllOfTheOperationAreMadeAnew() throws {
        var machine = try ready()
        _ = machine.begin(.makeTransaction(1), now: .at(1))
        try machine.complete(8)
        _ = machine.received(.synchronized(.idle), now: .at(1))
        #expect(machine.begin(.makeTransaction(2), now: .at(1)).count == 5)
        _ = machine.received(.failed(.make("26000", isLost: true)), now: .at(1))
        for _ in 0..<3 { _ = machine.received(.skipped, now: .at(1)) }
        _ = machine.received(.synchronized(.idle), now: .at(1))
        #expect(machine.begin(.makeTransaction(2), now: .at(1)).count == 9)
    }

    @Test func anAnswerNobodyAskedForClosesTheConnection() throws {
        var idle = try ready()
        guard case .close = idle.received(.skipped, now: .at(1)) else { throw Unexpected() }
        var busy = try ready()
        _ = busy.begin(.make(1), now: .at(1))
        guard case .close(let error) = busy.received(.synchronized(.idle), now: .at(1)) else { throw Unexpected() }
        #expect(error.code == .protocolViolation)
    }

    @Test func settingsTheServerRefusesCloseTheConnection() throws {
        var machine = Machine(now: .at(0), connectTimeoutMilliseconds: 500, answerTimeoutMilliseconds: nil)
        #expect(machine.deadline == .at(500))
        _ = machine.connected(setup: .make(0, ["SET"], commit: .none))
        #expect(machine.begin(.make(1), now: .at(1)).isEmpty)
        try machine.complete(1)
        _ = machine.received(.failed(.make("42501")), now: .at(1))
        guard case .close(let error) = machine.received(.synchronized(.idle), now: .at(1)) else { throw Unexpected() }
        #expect(error.sqlState == "42501")
    }

    @Test func aSilentServerIsGivenUpSomeTimeAfterItsLastWord() throws {
        var machine = try ready()
        #expect(machine.deadline == nil)
        _ = machine.begin(.make(1), now: .at(100))
        _ = machine.begin(.make(2), now: .at(900))
        #expect(machine.deadline == .at(1100))
        try machine.complete(1, now: .at(800))
        #expect(machine.deadline == .at(1800))
        machine.progressed(now: .at(900))
        #expect(machine.deadline == .at(1900))
    }

    @Test func aScriptEndsWithItsLastAnswer() throws {
        var machine = try ready()
        let script = PostgresOperation(
            id: 1,
            work: .script("a; b"),
            commit: .none,
            sharing: .exclusive,
            keepsTransactionOpen: true,
            waitDeadline: .at(0)
        )
        #expect(machine.begin(script, now: .at(1)) == [.script("a; b")])
        #expect(machine.isExpectingScript)
        try machine.complete(1)
        _ = machine.received(.failed(.make("22012")), now: .at(1))
        guard case .fail(_, let error, nil) = machine.received(.scriptEnded(.failed), now: .at(1)) else {
            throw Unexpected()
        }
        #expect(error.sqlState == "22012")
        #expect(!machine.isExpecting)
    }
}

extension ConnectionStateMachine {
    /// Lets the next `count` commands succeed.
    mutating func complete(_ count: Int, now: MonotonicTime = .at(1)) throws {
        for _ in 0..<count { _ = received(.completed(try ResultSet.make()), now: now) }
    }
}
