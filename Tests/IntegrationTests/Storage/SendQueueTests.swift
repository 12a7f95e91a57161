import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite(.timeLimit(.minutes(5)))
struct SendQueueTests {
    private enum Verdict: Equatable {
        case begun(MessageID)
        case waits(Int64)

        var ticket: Int64? { if case .waits(let ticket) = self { ticket } else { nil } }
        var answer: MessageID? { if case .begun(let answer) = self { answer } else { nil } }
    }

    private func send(
        _ storage: StorageFixture,
        in session: SessionID,
        under parent: NewExchange.Parent = .activeLeaf,
        text: String = "hello",
        at place: WaitingPlace?
    ) async throws -> Verdict {
        var exchange = storage.exchange(in: session, under: parent, text: text)
        exchange.place = place
        switch try await storage.messages.beginExchange(exchange) {
        case .begun(_, let response, _): return .begun(response.id)
        case .waits(let ticket): return .waits(ticket)
        case let outcome: throw TestSupportError("\(outcome)")
        }
    }

    private func places(_ storage: StorageFixture) async throws -> String {
        try await storage.database.query("SELECT count(*) FROM waiting_requests")
    }

    @Test func whoCameFirstIsServedFirst() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let running = try await storage.begin(storage.exchange(in: session)).response.id
            let first = try #require(try await send(storage, in: session, at: .arriving(line)).ticket)
            let second = try #require(try await send(storage, in: session, at: .arriving(line)).ticket)
            #expect(first < second)
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: first)) == .waits(first))
            try await storage.finish(running)
            let third = try #require(try await send(storage, in: session, at: .arriving(line)).ticket)
            #expect(try await places(storage) == "3")
            for ticket in [third, second] {
                #expect(try await send(storage, in: session, at: .waiting(line, ticket: ticket)) == .waits(ticket))
            }
            for (served, left) in [(first, "2"), (second, "1"), (third, "0")] {
                let place = WaitingPlace.waiting(line, ticket: served)
                let answer = try #require(try await send(storage, in: session, at: place).answer)
                #expect(try await places(storage) == left)
                try await storage.finish(answer)
            }
        }
    }

    /// Who answers the leaf and who answers the message that is the leaf wait for the same.
    @Test(arguments: [true, false])
    func theLineOfTheLeafAndThatOfTheMessageHaveOneOrder(leafComesFirst: Bool) async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let running = try await storage.begin(storage.exchange(in: session)).response.id
            let places = [
                (storage.line(session), NewExchange.Parent.activeLeaf),
                (storage.line(session, running), .message(running)),
            ]
            let order = leafComesFirst ? places : places.reversed()
            var tickets: [Int64] = []
            for (line, parent) in order {
                tickets.append(
                    try #require(try await send(storage, in: session, under: parent, at: .arriving(line)).ticket)
                )
            }
            try await storage.finish(running)
            let (late, lateParent) = order[1]
            let latePlace = WaitingPlace.waiting(late, ticket: tickets[1])
            #expect(try await send(storage, in: session, under: lateParent, at: latePlace) == .waits(tickets[1]))
            let early = WaitingPlace.waiting(order[0].0, ticket: tickets[0])
            let answer = try #require(try await send(storage, in: session, under: order[0].1, at: early).answer)
            // Who waits for the leaf now waits for this answer; who wants a branch under the first may have it.
            let verdict = try await send(storage, in: session, under: lateParent, at: latePlace)
            #expect((verdict.answer != nil) == leafComesFirst)
            try await storage.finish(answer)
            if !leafComesFirst {
                #expect(try await send(storage, in: session, under: lateParent, at: latePlace).answer != nil)
            }
        }
    }

    @Test func aLineHasAnEnd() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let running = try await storage.begin(storage.exchange(in: session)).response.id
            let first = try await storage.enter(line)
            try await storage.database.query(
                """
                INSERT INTO waiting_requests (client_id, session_id, line_id, expires_at)
                SELECT client_id, session_id, line_id, expires_at
                FROM waiting_requests, generate_series(2, \(WaitingLine.maximumPlaces))
                """
            )
            var exchange = storage.exchange(in: session)
            exchange.place = .arriving(line)
            guard case .lineFull = try await storage.messages.beginExchange(exchange) else {
                Issue.record("one more waits than may")
                return
            }
            #expect(try await places(storage) == "\(WaitingLine.maximumPlaces)")
            // Whoever stands in it goes on waiting; another line has places of its own.
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: first)) == .waits(first))
            let recreation = storage.recreation(
                of: running,
                in: session,
                place: .arriving(storage.line(session, running))
            )
            guard case .waits = try await storage.recreations.beginRecreation(recreation) else {
                Issue.record("it does not wait")
                return
            }
            try await storage.queue.leave(first, in: line)
            #expect(try await send(storage, in: session, at: .arriving(line)).ticket != nil)
        }
    }

    /// Answers of requests that have to wait may be many and long; they are read when it is their turn.
    @Test func whoHasToWaitReadsNoHistory() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            try await storage.converse(in: session)
            var exchange = storage.exchange(in: session)
            exchange.place = .arriving(line)
            #expect(try await storage.client.execute(ExchangeStatements.history(exchange)).count == 2)
            let ticket = try await storage.enter(line)
            #expect(try await storage.client.execute(ExchangeStatements.history(exchange)).count == 0)
            exchange.place = .waiting(line, ticket: ticket)
            #expect(try await storage.client.execute(ExchangeStatements.history(exchange)).count == 2)
            _ = try await storage.begin(storage.exchange(in: session))
            #expect(try await storage.client.execute(ExchangeStatements.history(exchange)).count == 0)
        }
    }

    @Test func whoDoesNotWaitIsNotHeldUp() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            _ = try await storage.enter(storage.line(session))
            guard case .begun = try await send(storage, in: session, at: nil) else {
                Issue.record("a request that may not wait was held up")
                return
            }
            #expect(try await places(storage) == "1")
        }
    }

    @Test func everyMessageAndEverySessionHasALineOfItsOwn() async throws {
        try await withStorage { storage in
            let (session, other) = (try await storage.makeSession(), try await storage.makeSession())
            let root = try await storage.converse(in: session)
            try await storage.converse(in: session)
            for line in [
                storage.line(other), storage.line(session, root.userMessage.id),
                storage.line(other, root.response.id),
            ] {
                _ = try await storage.enter(line)
            }
            let line = storage.line(session, root.response.id)
            let branch = NewExchange.Parent.message(root.response.id)
            guard case .begun = try await send(storage, in: session, under: branch, at: .arriving(line)) else {
                Issue.record("a place in another line held a request up")
                return
            }
            let ticket = try await storage.enter(line)
            #expect(try await send(storage, in: session, under: branch, at: .arriving(line)).ticket != nil)
            let recreation = storage.recreation(of: root.response.id, in: session, place: .arriving(line))
            guard case .waits(let last) = try await storage.recreations.beginRecreation(recreation) else {
                Issue.record("a recreation did not wait")
                return
            }
            #expect(ticket < last)
            let waiting = storage.recreation(
                of: root.response.id,
                in: session,
                place: .waiting(line, ticket: ticket)
            )
            _ = try await storage.begin(waiting)
            #expect(try await places(storage) == "5")
        }
    }

    @Test func aPlaceThatIsGivenUpHoldsNobodyUp() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let first = try await storage.enter(line)
            let second = try await storage.enter(line)
            try await storage.queue.leave(first, in: storage.line(try await storage.makeSession()))
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: second)) == .waits(second))
            try await storage.queue.leave(first, in: line)
            try await storage.queue.leave(first, in: line)
            guard case .begun = try await send(storage, in: session, at: .waiting(line, ticket: second)) else {
                Issue.record("held up by a place that was given up")
                return
            }
        }
    }

    @Test func aPlaceLapsesAndStandsWhereItStoodWhenItIsTriedAgain() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let running = try await storage.begin(storage.exchange(in: session)).response.id
            let dead = try await storage.enter(line, seconds: 0)
            let waiting = try await storage.enter(line)
            let cleanUp = ExpiredRecords(client: storage.client)
            #expect(try await cleanUp.delete(limit: 10) == 0)
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: dead)) == .waits(dead))
            try await storage.finish(running)
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: waiting)) == .waits(waiting))
            try await storage.database.query(
                "UPDATE waiting_requests SET expires_at = now() WHERE ticket = \(dead)"
            )
            // The living one still comes before others.
            let late = try #require(try await send(storage, in: session, at: .arriving(line)).ticket)
            guard case .begun = try await send(storage, in: session, at: .waiting(line, ticket: waiting)) else {
                Issue.record("held up by a place that has lapsed")
                return
            }
            try await storage.queue.leave(late, in: line)
            try await storage.database.query("UPDATE waiting_requests SET expires_at = now() - interval '2 h'")
            #expect(try await cleanUp.delete(limit: 10) == 1)
            #expect(try await places(storage) == "0")
        }
    }

    @Test func aRefusedRequestKeepsItsPlaceAndAMissingOneHasNone() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session, .make())
            let ticket = try await storage.enter(line)
            var exchange = storage.exchange(in: session, under: .message(.make()))
            exchange.place = .waiting(line, ticket: ticket)
            guard case .parentNotFound = try await storage.messages.beginExchange(exchange) else {
                Issue.record("found")
                return
            }
            #expect(try await places(storage) == "1")
            #expect(
                try await storage.edits.deleteSession(session, of: storage.owner, evenWhileStreaming: false) == .deleted
            )
            #expect(try await places(storage) == "0")
            exchange.place = .arriving(line)
            guard case .sessionNotFound = try await storage.messages.beginExchange(exchange) else {
                Issue.record("the session was found")
                return
            }
            try await storage.queue.leave(ticket, in: line)
            #expect(try await places(storage) == "0")
        }
    }

    /// Several nodes' requests for the same leaf, each tried over and over again: they come in the order of their tickets.
    @Test func manyWaitForOneLeafAndComeInTheirOrder() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let running = try await storage.begin(storage.exchange(in: session, text: "0")).response.id
            let tickets = try await withThrowingTaskGroup(of: Int64.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        let verdict = try await send(storage, in: session, at: .arriving(line))
                        return try #require(verdict.ticket)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(tickets).count == 16)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ticket in tickets.shuffled() {
                    group.addTask {
                        while true {
                            let place = WaitingPlace.waiting(line, ticket: ticket)
                            let verdict = try await send(storage, in: session, text: "\(ticket)", at: place)
                            if let answer = verdict.answer {
                                try await storage.finish(answer)
                                return
                            }
                            await Task.yield()
                        }
                    }
                }
                try await storage.finish(running)
                try await group.waitForAll()
            }
            let query = MessageQuery(clientID: storage.owner, sessionID: session, limit: 1000)
            let path = try #require(try await storage.messages.messages(query)).elements
            let asked = path.filter { $0.role == .user }.compactMap { message in
                if case .text(let text)? = message.content.first { text } else { nil }
            }
            #expect(asked == ["0"] + tickets.sorted().map { "\($0)" })
            #expect(try await places(storage) == "0")
            try await storage.database.checkTree()
        }
    }
}
