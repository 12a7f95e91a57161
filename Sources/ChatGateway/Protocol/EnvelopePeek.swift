import ChatCore

/// Finds the id in an envelope that is refused unread, so that the refusal can name it.
///
/// Looks at the first bytes alone and builds nothing: an id further behind is not found, nor one that is no UUID.
enum EnvelopePeek {
    static let maximumBytes = 1024

    private static let quote = UInt8(ascii: "\"")

    static func id(in message: some Sequence<UInt8>) -> String? {
        var rest = Array(message.prefix(maximumBytes))[...]
        var depth = 0
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case quote:
                guard let name = takeString(from: &rest) else { return nil }
                guard depth == 1, name.elementsEqual("id".utf8), takeColon(from: &rest) else { continue }
                guard rest.popFirst() == quote, let id = takeString(from: &rest) else { return nil }
                return EntityID<ClientEnvelope>(String(decoding: id, as: UTF8.self))?.description
            default: break
            }
        }
        return nil
    }

    /// What stands before the closing quote, which is taken, too; `nil` when there is none.
    private static func takeString(from rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let start = rest
        while let byte = rest.popFirst() {
            if byte == quote { return start.dropLast(rest.count + 1) }
            if byte == UInt8(ascii: "\\") { _ = rest.popFirst() }
        }
        return nil
    }

    /// Whether a colon is next, which is taken with the space around it.
    private static func takeColon(from rest: inout ArraySlice<UInt8>) -> Bool {
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        rest = rest.drop(while: isSpace)
        guard rest.first == UInt8(ascii: ":") else { return false }
        rest = rest.dropFirst().drop(while: isSpace)
        return true
    }
}
