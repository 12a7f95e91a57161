import ChatCore

extension Row {
    func jsonValue(_ column: Int) throws(PostgresError) -> JSONValue {
        try required(column, optionalJSONValue(column))
    }

    func optionalJSONValue(_ column: Int) throws(PostgresError) -> JSONValue? {
        let parsed = try withJSONBytes(column) { bytes in try? JSONParser.parse(bytes) }
        switch parsed {
        case .some(.some(let value)): return value
        case .some(.none): throw PostgresError(.decoding, "Column \(column) holds JSON that cannot be read.")
        case .none: return nil
        }
    }

    func jsonObject(_ column: Int) throws(PostgresError) -> JSONObject {
        try required(column, optionalJSONObject(column))
    }

    func optionalJSONObject(_ column: Int) throws(PostgresError) -> JSONObject? {
        guard let value = try optionalJSONValue(column) else { return nil }
        guard case .object(let object) = value else {
            throw PostgresError(.decoding, "Column \(column) holds no JSON object.")
        }
        return object
    }

    /// A JSON array whose elements `decode` reads; one it cannot read makes the whole unreadable.
    func jsonArray<Element>(
        _ column: Int,
        _ decode: (JSONValue) -> Element?
    ) throws(PostgresError) -> [Element] {
        guard case .array(let elements) = try jsonValue(column) else {
            throw PostgresError(.decoding, "Column \(column) holds no JSON array.")
        }
        var decoded: [Element] = []
        decoded.reserveCapacity(elements.count)
        for element in elements {
            guard let value = decode(element) else {
                throw PostgresError(.decoding, "Column \(column) holds an element that cannot be read.")
            }
            decoded.append(value)
        }
        return decoded
    }

    /// A text that names a case.
    func word<Word: RawRepresentable<String>>(_ column: Int, as type: Word.Type) throws(PostgresError) -> Word {
        try required(column, Word(rawValue: text(column)))
    }
}

extension PostgresValue {
    static func json(_ value: JSONValue) -> PostgresValue { .json(value.text) }
    static func json(_ object: JSONObject) -> PostgresValue { .json(JSONValue.object(object).text) }

    static func json(_ content: [ContentPart]) -> PostgresValue {
        .json(JSONValue.array(content.map(\.json)).text)
    }
}
