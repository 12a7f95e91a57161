/// Why bytes are not acceptable JSON, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case unexpectedEnd = "unexpected end of input"
        case unexpectedCharacter = "unexpected character"
        case invalidNumber = "invalid number"
        case invalidString = "invalid string"
        case invalidUTF8 = "invalid UTF-8"
        case loneSurrogate = "lone surrogate"
        case nulCharacter = "NUL character"
        case duplicateKey = "duplicate key"
        case tooDeep = "nested too deeply"
        case trailingData = "data after the value"
    }

    public let reason: Reason
    /// Offset of the offending byte from the beginning of the input.
    public let byteOffset: Int
    /// The value it is in, like `content[2].text`; empty when it is not in one, or in the outermost alone.
    public private(set) var path = ""

    init(reason: Reason, byteOffset: Int) {
        self.reason = reason
        self.byteOffset = byteOffset
    }

    public var description: String { "\(reason.rawValue) at byte \(byteOffset)" }

    /// The same error in a value that is the element of an array.
    func inside(element index: Int) -> JSONSyntaxError {
        var error = self
        error.path = "[\(index)]" + (path.isEmpty || path.hasPrefix("[") ? path : ".\(path)")
        return error
    }

    /// The same error in a value that is the member of an object.
    func inside(member name: String) -> JSONSyntaxError {
        var error = self
        error.path = name + (path.isEmpty || path.hasPrefix("[") ? path : ".\(path)")
        return error
    }
}
