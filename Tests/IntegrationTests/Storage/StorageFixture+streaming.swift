import ChatCore
import TestSupport

@testable import ChatStorage

extension StorageFixture {
    var shares: ShareRepository { ShareRepository(client: client) }
    var recreations: RecreationRepository { RecreationRepository(client: client) }
    var summaries: SummaryRepository { SummaryRepository(client: client) }
    var queue: SendQueueRepository { SendQueueRepository(client: client) }
    var directory: StreamDirectoryRepository { StreamDirectoryRepository(client: client) }

    static func client(_ name: String) throws -> ClientID {
        guard let client = ClientID(name) else { throw TestSupportError("no client: \(name)") }
        return client
    }

    /// Shares a session of the owner.
    func share(_ session: SessionID, expiresAt: Timestamp? = nil) async throws -> NewShare {
        let share = NewShare(clientID: owner, sessionID: session, id: .make(), token: .make(), expiresAt: expiresAt)
        guard case .created = try await shares.createShare(share) else { throw TestSupportError("not shared") }
        return share
    }

    /// Somebody the owner's session is shared with.
    func guest(_ name: String = "bob", in session: SessionID) async throws -> Guest {
        Guest(clientID: try Self.client(name), shareID: try await share(session).id)
    }

    func revoke(_ guest: Guest, in session: SessionID) async throws {
        guard case .revoked = try await shares.revokeShare(.id(guest.shareID), of: session, client: owner) else {
            throw TestSupportError("not revoked")
        }
    }

    func exchange(
        by guest: Guest,
        in session: SessionID,
        under parent: NewExchange.Parent = .activeLeaf,
        text: String = "hello",
        key: String? = nil
    ) -> NewExchange {
        var exchange = exchange(in: session, under: parent, text: text, author: guest.clientID.rawValue)
        exchange.guest = guest
        exchange.idempotency = key.map { IdempotencyKey(clientID: guest.clientID, key: $0, digest: "d") }
        return exchange
    }

    /// A whole exchange of a guest: message and answer.
    @discardableResult
    func converse(
        by guest: Guest,
        in session: SessionID,
        under parent: NewExchange.Parent = .activeLeaf
    ) async throws -> BegunExchange {
        let begun = try await begin(exchange(by: guest, in: session, under: parent))
        try await finish(begun.response.id)
        return begun
    }

    func recreation(
        of message: MessageID,
        in session: SessionID,
        by guest: Guest? = nil,
        key: String? = nil,
        historyLimit: Int? = nil,
        place: WaitingPlace? = nil
    ) -> NewRecreation {
        let author = guest?.clientID ?? owner
        let response = MessageID.make()
        return NewRecreation(
            clientID: owner,
            sessionID: session,
            sessionTypeID: type.id,
            authorID: author.rawValue,
            guest: guest,
            messageID: message,
            responseMessageID: response,
            nodeID: node.id,
            historyLimit: historyLimit,
            idempotency: IdempotencyKey(clientID: author, key: key ?? response.description, digest: "d"),
            place: place
        )
    }

    /// Begins a recreation that has to be accepted.
    func begin(_ recreation: NewRecreation) async throws -> (response: Message, history: [Message]) {
        let outcome = try await recreations.beginRecreation(recreation)
        guard case .begun(let response, let history) = outcome else {
            throw TestSupportError("The recreation was not begun: \(outcome)")
        }
        return (response, history)
    }

    func summary(of session: SessionID, key: String? = nil, historyLimit: Int? = nil) -> NewSummary {
        let id = MessageID.make()
        return NewSummary(
            clientID: owner,
            sessionID: session,
            summaryID: id,
            nodeID: node.id,
            historyLimit: historyLimit,
            idempotency: IdempotencyKey(clientID: owner, key: key ?? id.description, digest: "d")
        )
    }

    /// Begins a summary that has to be accepted.
    @discardableResult
    func begin(_ summary: NewSummary) async throws -> [Message] {
        let outcome = try await summaries.beginSummary(summary)
        guard case .begun(let history) = outcome else {
            throw TestSupportError("The summary was not begun: \(outcome)")
        }
        return history
    }

    func end(
        of stream: MessageID,
        as state: Message.State = .complete,
        content: [ContentPart] = [.text("answer")],
        node: NodeID? = nil,
        metadata: JSONObject = [:]
    ) -> StreamEnd {
        StreamEnd(
            clientID: owner,
            messageID: stream,
            nodeID: node ?? self.node.id,
            state: state,
            content: content,
            chunks: content.count,
            metadata: metadata
        )
    }

    func line(_ session: SessionID, _ message: MessageID? = nil) -> WaitingLine {
        WaitingLine(clientID: owner, sessionID: session, messageID: message)
    }

    /// Takes a place at the end of a line, as a request has it that waits, and returns its ticket.
    func enter(_ line: WaitingLine, seconds: Int = 60) async throws -> Int64 {
        let ticket = try await database.query(
            """
            INSERT INTO waiting_requests (client_id, session_id, line_id, expires_at)
            VALUES ('\(line.clientID)', '\(line.sessionID)', '\(line.id)', now() + interval '\(seconds) seconds')
            RETURNING ticket
            """
        )
        guard let ticket = Int64(ticket) else { throw TestSupportError("no ticket: \(ticket)") }
        return ticket
    }

    func checkpoint(of stream: MessageID, node: NodeID? = nil, text: String = "partial") -> StreamCheckpoint {
        StreamCheckpoint(
            clientID: owner,
            messageID: stream,
            nodeID: node ?? self.node.id,
            content: [.text(text)],
            chunks: 3
        )
    }

    /// `kind` and the id of the message of everything that this client was told, in order.
    func told(_ client: ClientID) async throws -> [String] {
        try await events.events(of: client, after: 0, limit: 1000).events.map { event in
            let payload = try JSONParser.parse(event.payload)
            return payload["message"]?["message_id"]?.stringValue ?? event.kind.rawValue
        }
    }
}
