import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

extension RandomTreeWriter {
    private static let guests = ["bob", "carol", "zoe"]

    mutating func recreate(_ message: MessageID?, in session: SessionID, by guest: Guest? = nil) async throws {
        guard let message else { return }
        let recreation = storage.recreation(of: message, in: session, by: guest)
        switch try await storage.recreations.beginRecreation(recreation) {
        case .begun(let response, let history):
            #expect(history.last?.id == response.parentMessageID)
            #expect(response.isActive || guest != nil)
            forest.add([response.id], to: session)
            streams.append(response.id)
        case .messageNotFound, .notAnAnswer, .streaming: break
        case let outcome: throw TestSupportError("\(outcome)")
        }
    }

    mutating func recreateAsGuest(_ message: MessageID?, in session: SessionID) async throws {
        guard let message else { return }
        // The one who wrote it, most of the time.
        let author = try await storage.recreations.guest(ofMessage: message, in: storage.owner)
        let guest = author ?? forest.randomGuest(of: session, using: &generator)
        guard let guest else { return }
        try await recreate(message, in: session, by: guest)
    }

    mutating func beginAsGuest(in session: SessionID, under parent: NewExchange.Parent) async throws {
        guard let guest = try await randomGuest(of: session) else { return }
        switch try await storage.messages.beginExchange(storage.exchange(by: guest, in: session, under: parent)) {
        case .begun(let userMessage, let response, _):
            #expect(userMessage.authorID == guest.clientID.rawValue && response.isActive)
            if parent == .activeLeaf { #expect(!userMessage.isActive) }
            forest.add([userMessage.id, response.id], to: session)
            streams.append(response.id)
        case .sessionNotFound, .parentNotFound, .parentNotForGuests, .parentStreaming: break
        case let outcome: throw TestSupportError("\(outcome)")
        }
    }

    /// One of those the session is shared with; at first it is shared.
    private mutating func randomGuest(of session: SessionID) async throws -> Guest? {
        if let guest = forest.randomGuest(of: session, using: &generator), Int.random(in: 0..<4, using: &generator) > 0
        {
            return guest
        }
        guard let name = Self.guests.randomElement(using: &generator) else { return nil }
        let share = NewShare(
            clientID: storage.owner,
            sessionID: session,
            id: .make(),
            token: .make(),
            expiresAt: nil
        )
        guard case .created = try await storage.shares.createShare(share) else { return nil }
        let guest = Guest(clientID: try StorageFixture.client(name), shareID: share.id)
        forest.add(guest, to: session)
        return guest
    }

    mutating func revoke(in session: SessionID) async throws {
        guard let guest = forest.randomGuest(of: session, using: &generator) else { return }
        forest.remove(guest, from: session)
        _ = try await storage.shares.revokeShare(.id(guest.shareID), of: session, client: storage.owner)
    }

    /// Takes a place, or tries once more from where this writer stands.
    mutating func wait(in session: SessionID, for message: MessageID?) async throws {
        let line = place?.line ?? storage.line(session, Bool.random(using: &generator) ? message : nil)
        var exchange = storage.exchange(in: line.sessionID, under: line.messageID.map { .message($0) } ?? .activeLeaf)
        exchange.place = place.map { .waiting(line, ticket: $0.ticket) } ?? .arriving(line)
        switch try await storage.messages.beginExchange(exchange) {
        case .begun(let userMessage, let response, _):
            forest.add([userMessage.id, response.id], to: line.sessionID)
            streams.append(response.id)
            place = nil
        case .waits(let ticket):
            #expect(place == nil || place?.ticket == ticket)
            place = (line, ticket)
            if Bool.random(using: &generator) { return }
            try await leave()
        case .sessionNotFound, .parentNotFound: try await leave()
        case let outcome: throw TestSupportError("\(outcome)")
        }
    }

    private mutating func leave() async throws {
        guard let (line, ticket) = place else { return }
        try await storage.queue.leave(ticket, in: line)
        place = nil
    }

    mutating func summarize(_ session: SessionID) async throws {
        let summary = storage.summary(of: session)
        switch try await storage.summaries.beginSummary(summary) {
        case .begun: runs.append(summary.summaryID)
        case .sessionNotFound: break
        case let outcome: throw TestSupportError("\(outcome)")
        }
    }

    mutating func finishSummary() async throws {
        guard let run = runs.popLast() else { return }
        let number = Int.random(in: 0..<1000, using: &generator)
        // Not there any more when its session was deleted.
        _ = try await storage.summaries.finish(storage.end(of: run, content: [.text("\(number)")]))
    }
}
