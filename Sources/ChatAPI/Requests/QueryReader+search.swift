internal import ChatCore

extension QueryReader {
    /// Reads the parameters of a search; those at fault are told when reading is finished.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` that names every parameter at fault.
    mutating func search(for caller: Caller) throws(ChatError) -> SearchQuery {
        let text = searchText()
        let limit = integer("limit", in: 1...100) ?? 20
        let offset = integer("offset", in: 0...1_000_000)
        let cursor = cursor()
        if offset != nil, cursor != nil {
            refuse("offset", "A cursor has its own offset.", .invalidValue)
        }
        try finish()
        guard let text else { throw .invalid("query", "The parameter is required.", .required) }
        return SearchQuery(clientID: caller.clientID, text: text, limit: limit, offset: offset ?? 0, cursor: cursor)
    }

    private mutating func searchText() -> SearchText? {
        guard let query = requiredText("query") else { return nil }
        do {
            return try SearchText(query)
        } catch {
            for fault in error.validationErrors { refuse(fault.field, fault.message, fault.code) }
            return nil
        }
    }
}
