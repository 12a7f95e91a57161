internal import ChatCore

extension QueryReader {
    /// Reads the parameters of a search, and no others.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` that names every parameter at fault.
    mutating func search() throws(ChatError) -> SearchParameters {
        let parameters = SearchParameters(reading: &self)
        try finish()
        guard let parameters else { throw .invalid("query", "The parameter is required.", .required) }
        return parameters
    }
}
