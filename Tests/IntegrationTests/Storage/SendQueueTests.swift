import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

@Suite(.timeLimit(.minutes(5)))
struct SendQueueTests {
    private enum Verdict: Equatable {
        case begun(MessageID)
        case streaming, mustWait
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
        case .parentStreaming: return .streaming
        case .mustWait: return .mustWait
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
            #expect(try await send(storage, in: session, at: .arriving(line)) == .streaming)
            let first = try await storage.queue.enter(line, seconds: 60)
            let second = try await storage.queue.enter(line, seconds: 60)
            #expect(first < second)
            // That it is streaming is told before that others wait.
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: second)) == .streaming)
            try await storage.finish(running)
            #expect(try await send(storage, in: session, at: .arriving(line)) == .mustWait)
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: second)) == .mustWait)
            guard case .begun(let answer) = try await send(storage, in: session, at: .waiting(line, ticket: first))
            else {
                Issue.record("the first in the line was not served")
                return
            }
            #expect(try await places(storage) == "1")
            try await storage.finish(answer)
            #expect(try await send(storage, in: session, at: .arriving(line)) == .mustWait)
            guard case .begun = try await send(storage, in: session, at: .waiting(line, ticket: second)) else {
                Issue.record("the second in the line was not served")
                return
            }
            #expect(try await places(storage) == "0")
        }
    }

    @Test func whoDoesNotWaitIsNotHeldUp() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            _ = try await storage.queue.enter(storage.line(session), seconds: 60)
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
                _ = try await storage.queue.enter(line, seconds: 60)
            }
            let line = storage.line(session, root.response.id)
            let branch = NewExchange.Parent.message(root.response.id)
            guard case .begun = try await send(storage, in: session, under: branch, at: .arriving(line)) else {
                Issue.record("a place in another line held a request up")
                return
            }
            let ticket = try await storage.queue.enter(line, seconds: 60)
            #expect(try await send(storage, in: session, under: branch, at: .arriving(line)) == .mustWait)
            let recreation = storage.recreation(of: root.response.id, in: session, place: .arriving(line))
            guard case .mustWait = try await storage.recreations.beginRecreation(recreation) else {
                Issue.record("a recreation did not wait")
                return
            }
            let waiting = storage.recreation(
                of: root.response.id,
                in: session,
                place: .waiting(line, ticket: ticket)
            )
            _ = try await storage.begin(waiting)
            #expect(try await places(storage) == "3")
        }
    }

    @Test func aPlaceThatIsGivenUpHoldsNobodyUp() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let first = try await storage.queue.enter(line, seconds: 60)
            let second = try await storage.queue.enter(line, seconds: 60)
            try await storage.queue.leave(first, in: storage.line(try await storage.makeSession()))
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: second)) == .mustWait)
            try await storage.queue.leave(first, in: line)
            try await storage.queue.leave(first, in: line)
            guard case .begun = try await send(storage, in: session, at: .waiting(line, ticket: second)) else {
                Issue.record("held up by a place that was given up")
                return
            }
        }
    }

    @Test func aPlaceLapsesAndStandsWhereItStoodWhenItIsRenewed() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session)
            let dead = try await storage.queue.enter(line, seconds: 0)
            let waiting = try await storage.queue.enter(line, seconds: 60)
            let cleanUp = ExpiredRecords(client: storage.client)
            #expect(try await cleanUp.delete(limit: 10) == 0)
            try await storage.queue.renew(dead, in: line, seconds: 60)
            #expect(try await send(storage, in: session, at: .waiting(line, ticket: waiting)) == .mustWait)
            try await storage.queue.renew(dead, in: line, seconds: 0)
            // The living one still comes before others.
            #expect(try await send(storage, in: session, at: .arriving(line)) == .mustWait)
            guard case .begun = try await send(storage, in: session, at: .waiting(line, ticket: waiting)) else {
                Issue.record("held up by a place that has lapsed")
                return
            }
            try await storage.database.query("UPDATE waiting_requests SET expires_at = now() - interval '2 h'")
            #expect(try await cleanUp.delete(limit: 10) == 1)
            #expect(try await places(storage) == "0")
        }
    }

    @Test func aRefusedRequestKeepsItsPlaceAndAMissingOneHasNone() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let line = storage.line(session, .make())
            let ticket = try await storage.queue.enter(line, seconds: 60)
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
            let error = await #expect(throws: ChatError.self) {
                try await storage.queue.enter(line, seconds: 60)
            }
            #expect(error?.code == .sessionNotFound)
            try await storage.queue.renew(ticket, in: line, seconds: 60)
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
            var tickets: [Int64] = []
            for _ in 0..<16 { tickets.append(try await storage.queue.enter(line, seconds: 600)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ticket in tickets.shuffled() {
                    group.addTask {
                        while true {
                            let place = WaitingPlace.waiting(line, ticket: ticket)
                            let verdict = try await send(storage, in: session, text: "\(ticket)", at: place)
                            if case .begun(let answer) = verdict {
                                try await storage.finish(answer)
                                return
                            }
                            await Task.yield()
                        }
                    }
                }
                // Whoever comes later stays behind all of them.
                group.addTask {
                    while case let verdict = try await send(storage, in: session, text: "late", at: .arriving(line)) {
                        if case .begun(let answer) = verdict {
                            try await storage.finish(answer)
                            return
                        }
                        await Task.yield()
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
            #expect(asked == ["0"] + tickets.sorted().map { "\($0)" } + ["late"])
            #expect(try await places(storage) == "0")
            try await storage.database.checkTree()
        }
    }

    @Test func ticketsOfOneLineAreGivenInOrder() async throws {
        try await withStorage(poolSize: 8) { storage in
            let session = try await storage.makeSession()
            let tickets = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var own: [Int64] = []
                        for _ in 0..<8 {
                            own.append(try await storage.queue.enter(storage.line(session), seconds: 60))
                        }
                        return own
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Of two that came one after the other the later has the higher ticket.
            #expect(tickets.allSatisfy { $0 == $0.sorted() })
            #expect(Set(tickets.joined()).count == 64)
        }
    }
}
