/// Takes comments and the contents of string literals out of Swift source, so that rules look at code alone.
///
/// Line breaks stay, so line numbers stay true. Code inside an interpolation stays, too.
struct CodeStripper {
    private let source: [UInt8]
    private var position = 0
    private var code: [UInt8] = []

    init(_ text: String) {
        source = Array(text.utf8)
        code.reserveCapacity(source.count)
    }

    mutating func strip() -> String {
        while position < source.count {
            copyCode(until: nil)
        }
        return String(decoding: code, as: UTF8.self)
    }

    /// Copies code up to the parenthesis that closes an interpolation, or to the end of the text.
    private mutating func copyCode(until closing: Unicode.Scalar?) {
        var depth = 0
        while let byte = current {
            if let delimiter = stringDelimiter() {
                skipString(delimiter)
            } else if starts(with: "//") {
                skipLineComment()
            } else if starts(with: "/*") {
                skipBlockComment()
            } else {
                if byte == "(" { depth += 1 }
                if byte == ")" {
                    if closing == ")", depth == 0 { return }
                    depth -= 1
                }
                code.append(source[position])
                position += 1
            }
        }
    }

    private var current: Unicode.Scalar? { position < source.count ? Unicode.Scalar(source[position]) : nil }

    private func starts(with text: String) -> Bool {
        source[position...].starts(with: text.utf8)
    }

    /// Passes over what is not code, keeping its line breaks.
    private mutating func skip(_ count: Int) {
        for _ in 0..<count where position < source.count {
            if current == "\n" { code.append(source[position]) }
            position += 1
        }
    }

    private mutating func skipLineComment() {
        while let byte = current, byte != "\n" { skip(1) }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                skip(2)
            } else if starts(with: "*/") {
                depth -= 1
                skip(2)
            } else {
                skip(1)
            }
        } while depth > 0 && position < source.count
    }

    private struct StringDelimiter {
        let opening: String
        let closing: String
        let escape: String
        let isMultiline: Bool

        init(hashes: Int, isMultiline: Bool) {
            let hashes = String(repeating: "#", count: hashes)
            let quotes = isMultiline ? "\"\"\"" : "\""
            opening = hashes + quotes
            closing = quotes + hashes
            escape = "\\" + hashes
            self.isMultiline = isMultiline
        }
    }

    private func stringDelimiter() -> StringDelimiter? {
        guard current == "\"" || current == "#" else { return nil }
        let quotes = source[position...].drop { $0 == UInt8(ascii: "#") }
        guard quotes.first == UInt8(ascii: "\"") else { return nil }
        return StringDelimiter(
            hashes: quotes.startIndex - position,
            isMultiline: quotes.starts(with: "\"\"\"".utf8)
        )
    }

    private mutating func skipString(_ delimiter: StringDelimiter) {
        code.append(contentsOf: "\"\"".utf8)
        skip(delimiter.opening.utf8.count)
        while let byte = current {
            if starts(with: delimiter.closing) {
                return skip(delimiter.closing.utf8.count)
            } else if starts(with: delimiter.escape) {
                skip(delimiter.escape.utf8.count)
                if current == "(" {
                    skip(1)
                    copyCode(until: ")")
                }
                skip(1)
            } else if byte == "\n", !delimiter.isMultiline {
                return
            } else {
                skip(1)
            }
        }
    }
}
