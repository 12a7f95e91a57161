internal import ChatCore

/// Reads the parameters of a query and gathers everything that is wrong with them, so that one answer names every
/// parameter. Those nobody asked for, and those given twice, are refused when reading is finished.
struct QueryReader: ParameterReader {
    private var values: [String: String] = [:]
    private var known: Set<String> = []
    private var errors: [ValidationError] = []

    init(_ query: String) {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let encodedName = parts.first ?? ""
            guard let name = PercentEncoding.decode(encodedName) else {
                refuse(String(encodedName), "The name is not properly encoded.", .malformed)
                continue
            }
            guard let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "") else {
                refuse(name, "The value is not properly encoded.", .malformed)
                known.insert(name)
                continue
            }
            if values.updateValue(value, forKey: name) != nil {
                refuse(name, "The parameter is given more than once.", .invalidValue)
            }
        }
    }

    mutating func refuse(_ name: String, _ message: String, _ code: ValidationError.Code) {
        errors.append(ValidationError(field: name, message: message, code: code))
    }

    /// `nil` when there is no such parameter.
    mutating func text(_ name: String) -> String? {
        known.insert(name)
        return values[name]
    }

    /// The text of a parameter that has to be there.
    mutating func requiredText(_ name: String) -> String? {
        if let text = text(name) { return text }
        // One whose value could not be read is refused already.
        if !errors.contains(where: { $0.field == name }) { refuse(name, "The parameter is required.", .required) }
        return nil
    }

    /// A whole number in decimal digits.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(name) else { return nil }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            refuse(name, "A whole number is expected.", .wrongType)
            return nil
        }
        guard let number = Int(text), range.contains(number) else {
            refuse(name, "A whole number from \(range.lowerBound) to \(range.upperBound) is expected.", .outOfRange)
            return nil
        }
        return number
    }

    mutating func identifier<Entity>(
        _ name: String,
        as: EntityID<Entity>.Type = EntityID<Entity>.self
    ) -> EntityID<Entity>? {
        guard let text = text(name) else { return nil }
        guard let id = EntityID<Entity>(text) else {
            refuse(name, "A UUID is expected.", .malformed)
            return nil
        }
        return id
    }

    /// Ends the reading.
    ///
    /// - Throws: ``ChatError`` `INVALID_REQUEST` that names every parameter at fault, unknown ones included.
    mutating func finish() throws(ChatError) {
        for name in values.keys.sorted() where !known.contains(name) {
            refuse(name, "The parameter is unknown.", .unknownField)
        }
        guard errors.isEmpty else { throw .invalid(errors) }
    }
}
