/// Searches across a client's sessions: `{results, total, limit, offset, next_cursor}`.
public struct SearchSessionsOperation: ChatOperation {
    let search: any SearchStore

    public func callAsFunction(_ request: SearchParameters, caller: Caller) async throws -> OperationAnswer {
        let page = try await search.searchSessions(request.query(of: caller.clientID))
        return OperationAnswer(reserving: 128 + 4096 * page.results.count) { writer in
            writer.searchPage(page, limit: request.limit) { $0.sessionSearchResult($1) }
        }
    }
}
