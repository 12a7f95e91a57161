/// A request that is read from one JSON object: the body of a REST request, or a payload that holds the ids and
/// parameters of its address as well.
public protocol ReadableRequest: Sendable {
    /// Reads the fields; whoever gave the reader ends the reading.
    ///
    /// - Returns: `nil` when something is wrong, of which the reader knows then.
    init?(from reader: inout ObjectReader)
}

extension ReadableRequest {
    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming every field at fault, unknown ones included.
    public init(body: JSONValue) throws(ChatError) {
        var reader = try ObjectReader(body)
        let request = Self(from: &reader)
        try reader.finish()
        guard let request else { throw .invalid("", "The request is not valid.", .invalidValue) }
        self = request
    }
}
