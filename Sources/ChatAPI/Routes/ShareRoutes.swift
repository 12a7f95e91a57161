internal import ChatCore
internal import Hummingbird

/// The operations on shares, and reading a session by one.
struct ShareRoutes: Sendable {
    let operations: ChatOperations
    let shares: any ShareStore

    func add(to table: RouteTable) {
        table.add(.post, "/sessions/{id}/share", handle: share)
        table.add(.get, "/sessions/{id}/shares", handle: list)
        table.add(.delete, "/sessions/{id}/shares/{token}", handle: revoke)
        table.addOpen(.get, "/share/{token}", takesQuery: true, handle: read)
    }

    @Sendable
    private func share(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        let body = try ShareSession.Request(body: await request.optionalBody())
        let asked = ShareSessionOperation.Request(sessionID: id, body: body)
        return Answer.created(
            try await operations.shareSession(asked, caller: request.caller, keyed: request.keyed)
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
        try await request.expectEmptyBody()
        guard let reference = ShareReference(request.parameters["token"] ?? "") else { throw ChatError.shareNotFound }
        switch try await shares.revokeShare(reference, of: id, client: request.caller.clientID) {
        case .revoked: return Answer.json(["revoked": true])
        case .sessionNotFound: throw ChatError.sessionNotFound(id)
        case .shareNotFound: throw ChatError.shareNotFound
        }
    }

    @Sendable
    private func read(_ request: OpenRequest) async throws -> Response {
        var query = request.query()
        let page = PageParameters(reading: &query)
        try query.finish()
        let token = request.parameters["token"].map(String.init) ?? ""
        let answer = try await operations.readShare(ReadShareOperation.Request(token: token, page: page))
        return Answer.entity(answer.body, for: request.request, headers: Answer.publicEntityHeaders)
    }
}
