internal import ChatCore
internal import Hummingbird

/// The two searches.
struct SearchRoutes: Sendable {
    let search: any SearchStore

    func add(to table: RouteTable) {
        table.add(.get, "/sessions/{id}/search", takesQuery: true, handle: searchSession)
        table.add(.get, "/search", takesQuery: true, handle: searchSessions)
    }

    @Sendable
    private func searchSession(_ request: APIRequest) async throws -> Response {
        let id = try request.sessionID()
        var reader = request.query()
        let query = try reader.search(for: request.caller)
        guard let page = try await search.searchMessages(of: id, query) else { throw ChatError.sessionNotFound(id) }
        var writer = JSONWriter(reservingCapacity: 128 + 1024 * page.results.count)
        writer.searchPage(page, limit: query.limit) { $0.searchResult($1) }
        return Answer.entity(writer.bytes, for: request.request)
    }

    @Sendable
    private func searchSessions(_ request: APIRequest) async throws -> Response {
        var reader = request.query()
        let query = try reader.search(for: request.caller)
        let page = try await search.searchSessions(query)
        var writer = JSONWriter(reservingCapacity: 128 + 4096 * page.results.count)
        writer.searchPage(page, limit: query.limit) { $0.sessionSearchResult($1) }
        return Answer.entity(writer.bytes, for: request.request)
    }
}
