/// What the searches are asked for: a text, and which page of what is found.
public struct SearchParameters: ReadableRequest, Hashable {
    public var text: SearchText
    public var limit: Int
    public var offset: Int
    public var cursor: PageCursor?

    /// - Returns: `nil` when there is no text that can be searched for; the reader knows of that and of all other
    ///   faults.
    public init?(reading reader: inout some ParameterReader) {
        let text = Self.readText(from: &reader)
        limit = reader.integer("limit", in: 1...100) ?? 20
        let offset = reader.integer("offset", in: 0...1_000_000)
        cursor = reader.cursor()
        if offset != nil, cursor != nil {
            reader.refuse("offset", "A cursor has its own offset.", .invalidValue)
        }
        guard let text else { return nil }
        self.text = text
        self.offset = offset ?? 0
    }

    public init?(from reader: inout ObjectReader) {
        self.init(reading: &reader)
    }

    func query(of client: ClientID) -> SearchQuery {
        SearchQuery(clientID: client, text: text, limit: limit, offset: offset, cursor: cursor)
    }

    private static func readText(from reader: inout some ParameterReader) -> SearchText? {
        guard let query = reader.requiredText("query") else { return nil }
        do {
            return try SearchText(query)
        } catch {
            for fault in error.validationErrors { reader.refuse(fault.field, fault.message, fault.code) }
            return nil
        }
    }
}
