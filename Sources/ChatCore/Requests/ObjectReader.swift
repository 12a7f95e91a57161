/// Reads the fields of a request's object and gathers everything that is wrong with it, so that one answer names every
/// field. Fields nobody asked for are refused when reading is finished.
public struct ObjectReader {
    public private(set) var errors: [ValidationError] = []
    private let object: JSONObject
    private let path: String
    private var known: Set<String> = []

    /// - Parameter path: where this object stands in the request, for the names in errors; empty for the request itself.
    public init(_ object: JSONObject, path: String = "") {
        self.object = object
        self.path = path
    }

    /// - Throws: ``ChatError`` `INVALID_REQUEST` when the value is no object.
    public init(_ value: JSONValue, path: String = "") throws(ChatError) {
        guard case .object(let object) = value else {
            throw .invalid(path, "An object is expected.", .wrongType)
        }
        self.init(object, path: path)
    }

    public func path(of name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }

    public mutating func refuse(_ name: String, _ message: String, _ code: ValidationError.Code) {
        errors.append(ValidationError(field: path(of: name), message: message, code: code))
    }

    public mutating func append(_ more: [ValidationError]) {
        errors += more
    }

    /// The field's value; a missing field and `null` are both `nil`, and refused when the field is required.
    public mutating func value(_ name: String, required: Bool = false) -> JSONValue? {
        known.insert(name)
        if let value = object[name], value != .null { return value }
        if required { refuse(name, "The field is required.", .required) }
        return nil
    }

    /// Whether the request has the field at all, be it `null`.
    public mutating func has(_ name: String) -> Bool {
        known.insert(name)
        return object[name] != nil
    }

    /// A text without NUL, of 1…`maximumBytes` UTF-8 bytes (0… when it may be empty).
    public mutating func string(
        _ name: String,
        required: Bool = false,
        maximumBytes: Int = 4096,
        mayBeEmpty: Bool = false
    ) -> String? {
        guard let value = value(name, required: required) else { return nil }
        guard case .string(let text) = value else {
            refuse(name, "A text is expected.", .wrongType)
            return nil
        }
        guard mayBeEmpty || !text.isEmpty else {
            refuse(name, "The text must not be empty.", .invalidValue)
            return nil
        }
        guard text.utf8.count <= maximumBytes else {
            refuse(name, "The text is longer than \(maximumBytes) bytes.", .tooLong)
            return nil
        }
        guard !text.utf8.contains(0) else {
            refuse(name, "The text must not contain NUL.", .invalidValue)
            return nil
        }
        return text
    }

    public mutating func identifier<Entity>(
        _ name: String,
        required: Bool = false,
        as: EntityID<Entity>.Type = EntityID<Entity>.self
    ) -> EntityID<Entity>? {
        guard let text = string(name, required: required, maximumBytes: 64) else { return nil }
        guard let id = EntityID<Entity>(text) else {
            refuse(name, "A UUID is expected.", .malformed)
            return nil
        }
        return id
    }

    public mutating func integer(_ name: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
        guard let value = value(name, required: required) else { return nil }
        guard case .number(let number) = value else {
            refuse(name, "A whole number is expected.", .wrongType)
            return nil
        }
        // 30.0 and 3e1 are whole numbers, too (JSON Schema, 'integer').
        let integer = number.integer ?? number.double.flatMap { Int64(exactly: $0) }
        guard let integer, let result = Int(exactly: integer), range.contains(result) else {
            refuse(name, "A whole number from \(range.lowerBound) to \(range.upperBound) is expected.", .outOfRange)
            return nil
        }
        return result
    }

    public mutating func boolean(_ name: String, required: Bool = false) -> Bool? {
        guard let value = value(name, required: required) else { return nil }
        guard case .bool(let flag) = value else {
            refuse(name, "true or false is expected.", .wrongType)
            return nil
        }
        return flag
    }

    public mutating func object(_ name: String, required: Bool = false) -> JSONObject? {
        guard let value = value(name, required: required) else { return nil }
        guard case .object(let object) = value else {
            refuse(name, "An object is expected.", .wrongType)
            return nil
        }
        return object
    }

    public mutating func array(_ name: String, required: Bool = false, maximumCount: Int) -> [JSONValue]? {
        guard let value = value(name, required: required) else { return nil }
        guard case .array(let elements) = value else {
            refuse(name, "An array is expected.", .wrongType)
            return nil
        }
        guard elements.count <= maximumCount else {
            refuse(name, "There are more than \(maximumCount) elements.", .tooLong)
            return nil
        }
        return elements
    }

    /// One of the words of an enumeration.
    public mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        required: Bool = false,
        as: Word.Type = Word.self
    ) -> Word? where Word.RawValue == String {
        guard let text = string(name, required: required, maximumBytes: 64) else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            refuse(name, "One of \(words) is expected.", .invalidValue)
            return nil
        }
        return word
    }

    /// An absolute http or https URL without credentials.
    public mutating func webURL(_ name: String, required: Bool = false) -> String? {
        guard let text = string(name, required: required, maximumBytes: WebURL.maximumBytes) else { return nil }
        guard WebURL.isAcceptable(text) else {
            refuse(name, "An http or https URL is expected.", .malformed)
            return nil
        }
        return text
    }

    /// Ends the reading.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` that names every field at fault, unknown ones included.
    public mutating func finish() throws(ChatError) {
        refuseUnknownFields()
        guard errors.isEmpty else { throw .invalid(errors) }
    }

    /// Adds an error for each field that nobody asked for.
    public mutating func refuseUnknownFields() {
        for (name, _) in object where !known.contains(name) {
            // More would not be told.
            guard errors.count < ValidationError.maximumCount else { return }
            refuse(name, "The field is unknown.", .unknownField)
        }
    }
}
