/// Reads the parameters of a request by name, wherever they come from: the query of an address, or the payload of an
/// envelope. What a parameter may be is said once, and holds for both.
public protocol ParameterReader {
    /// `nil` when there is no such parameter; one that is no text is refused.
    mutating func text(_ name: String) -> String?

    /// The text of a parameter that has to be there, and is refused when it is not.
    mutating func requiredText(_ name: String) -> String?

    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int?

    mutating func identifier<Entity>(_ name: String, as: EntityID<Entity>.Type) -> EntityID<Entity>?

    mutating func refuse(_ name: String, _ message: String, _ code: ValidationError.Code)
}

extension ParameterReader {
    /// One of the words of a choice.
    public mutating func word<Word>(_ name: String, of words: KeyValuePairs<String, Word>) -> Word? {
        guard let text = text(name) else { return nil }
        guard let word = words.first(where: { $0.key == text })?.value else {
            refuse(name, "One of \(words.map(\.key).joined(separator: ", ")) is expected.", .invalidValue)
            return nil
        }
        return word
    }

    /// The `cursor` of a list.
    public mutating func cursor() -> PageCursor? {
        guard let text = text("cursor") else { return nil }
        guard let cursor = CursorToken.cursor(in: text) else {
            refuse("cursor", "The cursor is not one that a list has given.", .malformed)
            return nil
        }
        return cursor
    }
}

extension ObjectReader: ParameterReader {
    public mutating func text(_ name: String) -> String? {
        string(name, required: false, maximumBytes: .max, mayBeEmpty: true)
    }

    public mutating func requiredText(_ name: String) -> String? {
        string(name, required: true, maximumBytes: .max, mayBeEmpty: true)
    }

    public mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        integer(name, in: range, required: false)
    }

    public mutating func identifier<Entity>(_ name: String, as type: EntityID<Entity>.Type) -> EntityID<Entity>? {
        identifier(name, required: false, as: type)
    }
}
