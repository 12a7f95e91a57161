/// A JSON value (RFC 8259), kept as it came: members in their order and numbers in their own digits, so that what a
/// backend or a client gave is stored and forwarded unchanged.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number as its literal; see ``JSONNumber``.
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// A JSON number, held as the literal that was read: no precision is lost between reading and writing.
public struct JSONNumber: Hashable, Sendable {
    /// The literal, valid after RFC 8259.
    public let literal: String

    init(validLiteral: String) {
        self.literal = validLiteral
    }

    public init(_ value: some BinaryInteger) {
        self.literal = String(value)
    }

    /// A finite number; infinities and NaN, which JSON cannot say, become 0.
    public init(_ value: Double) {
        self.literal = value.isFinite ? "\(value)" : "0"
    }

    /// The value as an integer, or `nil` when it has a fraction, an exponent, or does not fit.
    public var integer: Int64? { Int64(literal) }

    public var double: Double? { Double(literal) }
}

extension JSONValue {
    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var integerValue: Int64? {
        if case .number(let value) = self { value.integer } else { nil }
    }

    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of that name; `nil` when this is no object or has no such member.
    public subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number(JSONNumber(value)) }
}
