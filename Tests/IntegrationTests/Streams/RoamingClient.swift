import ChatCore
import Foundation
import TestSupport

/// A client that does what the contract asks of one when nodes go away: it comes back elsewhere with the last `seq` it has
/// had, sends again what was not answered, with the same id, and goes on with the stream that was open.
///
/// It notes whatever came doubled or not at all as an error.
struct RoamingClient: Sendable {
    /// An answer as it came over one or more connections.
    struct Exchange: Sendable {
        let id: String
        let payload: JSONValue
        /// What the chunks are awaited for: the send itself, or the last resumption.
        var request: String
        var messageID: String?
        var answer = ResumedStream()
    }

    let client: TestClient
    let session: String
    private(set) var exchanges: [Exchange] = []
    /// How often it went elsewhere.
    private(set) var moves = 0
    /// Of the push events, which have to come one after the other.
    private(set) var lastSeq: Int64 = 0
    private var socket: WebSocketClient
    private var random: SeededGenerator
    /// So many envelopes it stays on a node that goes away, if that does not end first.
    private var envelopesUntilMove: Int?

    init(_ client: TestClient, seed: UInt64) async throws {
        self.client = client
        session = try await client.makeSession(through: client.publicAPI)
        socket = try await client.connectPublicly(lastSeq: 0).socket
        random = SeededGenerator(seed: seed)
    }

    /// Says something and takes the answer, over as many connections as that needs.
    mutating func converse(_ text: String) async throws {
        let id = UUID().uuidString.lowercased()
        let payload: JSONValue = ["session_id": .string(session), "content": .string(text)]
        var exchange = Exchange(id: id, payload: payload, request: id)
        try await send(&exchange)
        while exchange.answer.end == nil {
            guard let envelope = try await next() else {
                try await move(with: &exchange)
                continue
            }
            if try take(envelope, for: &exchange) == .goElsewhere { try await move(with: &exchange) }
        }
        exchanges.append(exchange)
    }

    /// Takes push events until there are so many.
    mutating func catchUp(to seq: Int64) async throws {
        while lastSeq < seq {
            if let envelope = try await next() {
                _ = try takeAnyway(envelope)
            } else {
                try await connect()
            }
        }
    }

    // MARK: Taking

    private enum Consequence {
        case none, goElsewhere
    }

    private mutating func take(_ envelope: Envelope, for exchange: inout Exchange) throws -> Consequence {
        if try takeAnyway(envelope) { return .none }
        switch envelope.type {
        case "message.streaming.start" where envelope.requestID == exchange.request:
            exchange.messageID = envelope.string("message_id")
        case "response.error" where envelope["error_code"] == "SERVICE_UNAVAILABLE":
            // The refusal may come before the word that the node goes away.
            return .goElsewhere
        default:
            guard envelope.requestID == exchange.request else { throw TestSupportError("not awaited: \(envelope)") }
            try exchange.answer.take(envelope)
        }
        guard let left = envelopesUntilMove, exchange.answer.end == nil else { return .none }
        envelopesUntilMove = left - 1
        return left > 1 ? .none : .goElsewhere
    }

    /// Takes what belongs to no request; `false` when it does.
    private mutating func takeAnyway(_ envelope: Envelope) throws -> Bool {
        switch envelope.type {
        case "message.created", "session.updated":
            guard envelope["seq"]?.integerValue == lastSeq + 1 else {
                throw TestSupportError("event \(lastSeq + 1) was to come: \(envelope)")
            }
            lastSeq += 1
        case "connection.draining": envelopesUntilMove = Int.random(in: 1...40, using: &random)
        case "connection.resync", "connection.error": throw TestSupportError("events are lost: \(envelope)")
        default: return false
        }
        return true
    }

    // MARK: Connecting

    /// The next envelope; `nil` when the connection has ended.
    private func next() async throws -> Envelope? {
        do {
            return try await socket.next(timeout: .seconds(40))
        } catch {
            guard socket.hasEnded else { throw error }
            _ = try await socket.closeCode()
            return nil
        }
    }

    /// Goes elsewhere, and on with what was open.
    private mutating func move(with exchange: inout Exchange) async throws {
        try await connect()
        try await send(&exchange)
    }

    private mutating func connect() async throws {
        // It may end by itself in this very moment.
        if !socket.hasEnded { try? await socket.abort() }
        let (client, lastSeq) = (client, lastSeq)
        socket = try await eventually("a gateway takes the client") {
            try await client.connectPublicly(lastSeq: lastSeq).socket
        }
        envelopesUntilMove = nil
        moves += 1
    }

    /// Asks for what is missing of the answer.
    private func send(_ exchange: inout Exchange) async throws {
        do {
            if let message = exchange.messageID {
                exchange.request = try await socket.resume(message, from: exchange.answer.nextChunk)
            } else {
                try await socket.send("message.send", exchange.payload, id: exchange.id)
            }
        } catch let error where !(error is TestSupportError) {
            // The connection is gone, which is found out by reading.
        }
    }
}
