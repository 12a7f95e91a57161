internal import ChatCore
internal import Hummingbird

/// The operations on shares, and reading a session by one.
struct ShareRoutes: Sendable {
    let shares: any ShareStore
    let messages: any MessageStore
    /// What share URLs begin with.
    let publicBaseURL: String

    func add(to table: RouteTable) {
        table.add(.post, "/sessions/{id}/share", handle: share)
        table.add(.get, "/sessions/{id}/shares", handle: list)
        table.add(.delete, "/sessions/{id}/shares/{token}", handle: revoke)
        table.addOpen(.get, "/share/{token}", takesQuery: true, handle: read)
    }

    @Sendable
    private func share(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        let share = try await ShareSession(shares: shares)(
            ShareSession.Request(body: await request.optionalBody()),
            session: id,
            caller: request.caller
        )
        return Answer.created(
            [
                "share_token": .string(share.token.text),
                "share_url": .string("\(publicBaseURL)\(RouteTable.basePath)/share/\(share.token.text)"),
                "expires_at": share.expiresAt.map { .string($0.description) } ?? .null,
            ],
            at: "\(RouteTable.basePath)/sessions/\(id)/shares/\(share.id)"
        )
    }

    @Sendable
    private func list(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        guard let shares = try await shares.shares(of: id, client: request.caller.clientID) else {
            throw ChatError.sessionNotFound(id)
        }
        let answer: JSONValue = ["shares": .array(shares.map(\.json))]
        return Answer.entity(answer.bytes, for: request.request)
    }

    /// The path names the share by its token, or by the id that the list has for it.
    @Sendable
    private func revoke(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        guard let reference = ShareReference(request.parameters["token"] ?? "") else { throw ChatError.shareNotFound }
        switch try await shares.revokeShare(reference, of: id, client: request.caller.clientID) {
        case .revoked: return Answer.json(["revoked": true])
        case .sessionNotFound: throw ChatError.sessionNotFound(id)
        case .shareNotFound: throw ChatError.shareNotFound
        }
    }

    /// The owner's active path as it is now, a page at a time; without a limit, as much as a page can hold.
    @Sendable
    private func read(_ request: OpenRequest) async throws -> Response {
        var query = request.query()
        let limit = query.integer("limit", in: 1...1000) ?? 1000
        let cursor = query.cursor()
        try query.finish()
        let session = try await OpenShare(shares: shares)(request.parameters["token"] ?? "")
        let page = try await messages.messages(
            MessageQuery(clientID: session.clientID, sessionID: session.id, limit: limit, cursor: cursor)
        )
        // Deleted since the token was looked up.
        guard let page else { throw ChatError.shareNotFound }
        var writer = JSONWriter(reservingCapacity: 512 + 1024 * page.elements.count)
        writer.beginObject()
        writer.name("session_id")
        writer.string(session.id.description)
        writer.name("messages")
        writer.beginArray()
        for message in page.elements { writer.message(message.asSeen(byStrangersTo: session.clientID)) }
        writer.endArray()
        writer.nextCursor(page.nextCursor)
        writer.name("read_only")
        writer.literal("true")
        writer.name("metadata")
        writer.object(session.metadata)
        writer.endObject()
        return Answer.entity(writer.bytes, for: request.request, headers: Answer.publicEntityHeaders)
    }
}

extension Message {
    /// Strangers learn which messages are the owner's, not who that is.
    fileprivate func asSeen(byStrangersTo owner: ClientID) -> Message {
        var message = self
        message.authorID = authorID == owner.rawValue ? "owner" : "guest"
        return message
    }
}
