import Testing

@testable import ChatStorage

/// What becomes of operations when their connection is gone.
@Suite struct ConnectionLossTests {
    private static let error = PostgresError(.connectionLost, "gone")

    private func ready() throws -> ConnectionStateMachine {
        var machine = ConnectionStateMachine(
            now: .at(0),
            connectTimeoutMilliseconds: 500,
            answerTimeoutMilliseconds: nil
        )
        machine.handed(machine.connected(setup: .make(0, ["SET"], commit: .none)).count)
        try machine.complete(2)
        _ = machine.received(.synchronized(.idle), now: .at(0))
        return machine
    }

    /// Begins an operation all of which libpq takes.
    private func begin(_ operation: PostgresOperation, on machine: inout ConnectionStateMachine) {
        machine.handed(machine.begin(operation, now: .at(1)).count)
    }

    /// The codes operations fail with, by their id; `nil` for one that succeeded or was not sent.
    private func codes(_ losses: [ConnectionStateMachine.Loss]) -> [UInt64: PostgresError.Code?] {
        losses.reduce(into: [:]) { codes, loss in
            switch loss {
            case .fail(let operation, let error): codes[operation.id] = .some(error.code)
            case .succeed(let operation, _), .unsent(let operation): codes[operation.id] = .some(nil)
            }
        }
    }

    @Test func whatReadsIsLostAndWhatMayWriteIsInDoubt() throws {
        var machine = try ready()
        begin(.make(1, ["SELECT"], commit: .none), on: &machine)
        begin(.make(2), on: &machine)
        begin(.makeTransaction(3), on: &machine)
        let found = codes(machine.lost(Self.error))
        #expect(found == [1: .connectionLost, 2: .outcomeUnknown, 3: .outcomeUnknown])
        #expect(machine.state == .closed)
        #expect(machine.lost(Self.error).isEmpty)
    }

    @Test func whatLibpqDidNotTakeIsUnsentOrUncommitted() throws {
        var untouched = try ready()
        _ = untouched.begin(.make(1), now: .at(1))
        untouched.handed(0)
        guard case .unsent(let operation)? = untouched.lost(Self.error).first else {
            Issue.record("it was sent")
            return
        }
        #expect(operation.id == 1)
        // Neither the end of a pipeline nor a COMMIT reached the server.
        var partial = try ready()
        _ = partial.begin(.make(1), now: .at(1))
        partial.handed(2)
        #expect(codes(partial.lost(Self.error)) == [1: .connectionLost])
        var transaction = try ready()
        _ = transaction.begin(.makeTransaction(1), now: .at(1))
        transaction.handed(7)
        #expect(codes(transaction.lost(Self.error)) == [1: .connectionLost])
        var commit = try ready()
        _ = commit.begin(.makeTransaction(1), now: .at(1))
        commit.handed(8)
        #expect(codes(commit.lost(Self.error)) == [1: .outcomeUnknown])
    }

    @Test func anAcknowledgedCommitIsASuccess() throws {
        var machine = try ready()
        begin(.makeTransaction(1), on: &machine)
        try machine.complete(8)
        guard case .succeed(_, let results)? = machine.lost(Self.error).first else {
            Issue.record("the commit was acknowledged")
            return
        }
        #expect(results.count == 4)
    }

    @Test func anErrorTheServerReportedStands() throws {
        var machine = try ready()
        begin(.makeTransaction(1), on: &machine)
        try machine.complete(3)
        _ = machine.received(.failed(.make("23505")), now: .at(1))
        #expect(codes(machine.lost(Self.error)) == [1: .server(sqlState: "23505")])
    }

    @Test func aSessionEndedByItsServerCommittedNothingLater() throws {
        var machine = try ready()
        begin(.make(1), on: &machine)
        begin(.make(2), on: &machine)
        begin(.makeTransaction(3), on: &machine)
        try machine.complete(1)
        guard case .close(let error) = machine.received(.failed(.make("57P01", isFatal: true)), now: .at(1)) else {
            Issue.record("the session is over")
            return
        }
        #expect(codes(machine.lost(error)) == [1: .connectionLost, 2: .connectionLost, 3: .connectionLost])
    }

    @Test func aSessionEndedInItsCommitIsInDoubt() throws {
        var atEnd = try ready()
        begin(.make(1), on: &atEnd)
        begin(.make(2), on: &atEnd)
        try atEnd.complete(2)
        _ = atEnd.received(.failed(.make("57P01", isFatal: true)), now: .at(1))
        #expect(codes(atEnd.lost(Self.error)) == [1: .outcomeUnknown, 2: .connectionLost])
        var atCommit = try ready()
        begin(.makeTransaction(1), on: &atCommit)
        try atCommit.complete(7)
        _ = atCommit.received(.failed(.make("57P01", isFatal: true)), now: .at(1))
        #expect(codes(atCommit.lost(Self.error)) == [1: .outcomeUnknown])
    }

    @Test func anyOtherFatalErrorProvesNothing() throws {
        var machine = try ready()
        begin(.make(1), on: &machine)
        _ = machine.received(.failed(.make("08P01", isFatal: true)), now: .at(1))
        #expect(codes(machine.lost(Self.error)) == [1: .outcomeUnknown])
    }
}
