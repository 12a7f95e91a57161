/// A strict reader of JSON text (RFC 8259).
///
/// Stricter than the RFC demands where leniency would let two programs read one text differently, or would not fit
/// into the database: duplicate names, lone surrogates, U+0000 and nesting over ``maximumDepth`` are refused.
public struct JSONParser {
    /// Deepest nesting of arrays and objects accepted.
    public static let maximumDepth = 64
    /// Largest exponent accepted, either way: beyond what a binary64 number can hold, a few characters would stand for
    /// a number of any length.
    public static let maximumExponent = 400
    private static let maximumNumberLength = 1024
    /// Of a number with an exponent, when it is written without one: two signs and a leading zero below the other limit.
    private static let maximumWrittenOutLength = 1000

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// Reads exactly one value.
    ///
    /// - Throws: ``JSONSyntaxError`` when the bytes are not one well-formed value.
    public static func parse(_ bytes: some Sequence<UInt8>) throws(JSONSyntaxError) -> JSONValue {
        let contiguous: Result<JSONValue, JSONSyntaxError>? = bytes.withContiguousStorageIfAvailable {
            parse(buffer: $0)
        }
        return try (contiguous ?? Array(bytes).withUnsafeBufferPointer { parse(buffer: $0) }).get()
    }

    /// Reads exactly one value from text.
    ///
    /// - Throws: ``JSONSyntaxError`` when the text is not one well-formed value.
    public static func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue {
        try parse(text.utf8)
    }

    private static func parse(buffer: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONSyntaxError> {
        var parser = JSONParser(bytes: buffer)
        do throws(JSONSyntaxError) {
            let value = try parser.value(depth: 0)
            parser.skipWhitespace()
            guard parser.position == buffer.count else { throw parser.error(.trailingData) }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    private func error(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, byteOffset: position)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        skipWhitespace()
        guard let byte = current else { throw error(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw error(.unexpectedCharacter)
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard let byte = current else { throw error(.unexpectedEnd) }
            guard byte == word.utf8Start[index] else { throw error(.unexpectedCharacter) }
            position += 1
        }
        return value
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw error(.tooDeep) }
        position += 1
        var elements: [JSONValue] = []
        skipWhitespace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            do throws(JSONSyntaxError) {
                elements.append(try value(depth: depth))
            } catch {
                throw error.inside(element: elements.count)
            }
            skipWhitespace()
            guard let byte = current else { throw error(.unexpectedEnd) }
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { throw error(.unexpectedCharacter) }
            position += 1
            if byte == UInt8(ascii: "]") { return .array(elements) }
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw error(.tooDeep) }
        position += 1
        var members = JSONObject()
        skipWhitespace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipWhitespace()
            guard let quote = current else { throw error(.unexpectedEnd) }
            guard quote == UInt8(ascii: "\"") else { throw error(.unexpectedCharacter) }
            let start = position
            let name = try string()
            skipWhitespace()
            guard let colon = current else { throw error(.unexpectedEnd) }
            guard colon == UInt8(ascii: ":") else { throw error(.unexpectedCharacter) }
            position += 1
            let member: JSONValue
            do throws(JSONSyntaxError) {
                member = try value(depth: depth)
            } catch {
                throw error.inside(member: name)
            }
            guard members.insert(member, named: name) else {
                throw JSONSyntaxError(reason: .duplicateKey, byteOffset: start).inside(member: name)
            }
            skipWhitespace()
            guard let byte = current else { throw error(.unexpectedEnd) }
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { throw error(.unexpectedCharacter) }
            position += 1
            if byte == UInt8(ascii: "}") { return .object(members) }
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONNumber {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            let mantissaLength = position - start
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            let exponent = position
            try digits()
            let value = Int(String(decoding: bytes[exponent..<position], as: UTF8.self))
            // A database may write the exponent out, and what it writes is read here again.
            guard let value, value <= Self.maximumExponent, mantissaLength + value <= Self.maximumWrittenOutLength
            else {
                throw error(.invalidNumber)
            }
        }
        guard position - start <= Self.maximumNumberLength else { throw error(.invalidNumber) }
        return JSONNumber(validLiteral: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = position
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw error(current == nil ? .unexpectedEnd : .invalidNumber) }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try text(of: bytes[start..<position])
                position += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw error(.invalidString)
            default: position += 1
            }
        }
        throw error(.unexpectedEnd)
    }

    /// The slow path: a string with at least one escape, whose beginning up to `position` has none.
    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var unescaped = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let text = try unescaped.withUnsafeBufferPointer { buffer throws(JSONSyntaxError) in
                    try self.text(of: buffer[...])
                }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &unescaped)
            case 0..<0x20: throw error(.invalidString)
            default:
                unescaped.append(byte)
                position += 1
            }
        }
        throw error(.unexpectedEnd)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = current else { throw error(.unexpectedEnd) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try unicodeEscape())).utf8)
        default: throw error(.invalidString)
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try hexadecimalUnit()
        guard first != 0 else { throw error(.nulCharacter) }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, current == UInt8(ascii: "\\") else { throw error(.loneSurrogate) }
        position += 1
        guard current == UInt8(ascii: "u") else { throw error(.loneSurrogate) }
        position += 1
        let second = try hexadecimalUnit()
        guard second >= 0xDC00, second <= 0xDFFF else { throw error(.loneSurrogate) }
        let value = 0x10000 + ((UInt32(first) - 0xD800) << 10) + (UInt32(second) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw error(.loneSurrogate) }
        return scalar
    }

    private mutating func hexadecimalUnit() throws(JSONSyntaxError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current else { throw error(.unexpectedEnd) }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw error(.invalidString)
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    private func text(of slice: Slice<UnsafeBufferPointer<UInt8>>) throws(JSONSyntaxError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw error(.invalidUTF8) }
        return text
    }
}
