/// What somebody searches for, in the usual syntax of web searches: words, `"a phrase"`, `or`, `-not`.
///
/// Text in a script without spaces between words cannot be taken apart into words. A term with such characters is one for
/// substrings, beside others for words, under the same syntax.
public struct SearchText: Hashable, Sendable {
    /// Longest query accepted, in Unicode code points.
    public static let maximumCharacters = 500
    /// Most terms of a query with such characters; those behind them are left out of account.
    public static let maximumTerms = 16

    /// How a query is answered.
    public enum Kind: Hashable, Sendable {
        /// By words, which the full-text search takes out of the query itself.
        case words
        /// By each term's kind: what matches one of these alternatives.
        case mixed([Alternative])
    }

    /// Terms that have to occur, and those that must not; not both are empty. Those for which ``isUnspaced(_:)``
    /// holds are substrings, the others words or phrases.
    public struct Alternative: Hashable, Sendable {
        public var included: [String] = []
        public var excluded: [String] = []
    }

    /// What was searched for, without hyphens that mean nothing.
    public let query: String
    public let kind: Kind

    /// - Throws: ``ChatError`` `INVALID_REQUEST` naming the field `query`.
    public init(_ query: String) throws(ChatError) {
        guard query.unicodeScalars.count <= Self.maximumCharacters else {
            throw .invalid("query", "The query is longer than \(Self.maximumCharacters) characters.", .tooLong)
        }
        guard !query.utf8.contains(0) else {
            throw .invalid("query", "The query must not contain NUL.", .invalidValue)
        }
        guard query.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw .invalid("query", "The query must not be empty.", .invalidValue)
        }
        self.query = Self.withoutStrayHyphens(query)
        kind =
            Self.isUnspaced(query)
            ? .mixed(Self.alternatives(of: query)) : .words
    }

    /// Without the hyphens that are part of no word and exclude none, as in `this - that` or a line of them: the
    /// full-text search takes them for exclusions of what comes next, and has no room for many in a row.
    private static func withoutStrayHyphens(_ query: String) -> String {
        let scalars = Array(query.unicodeScalars)
        let lastQuote = scalars.lastIndex(of: "\"") ?? 0
        var result = String.UnicodeScalarView()
        var isQuoted = false
        /// What is in front of the hyphens that come now.
        var previous: Unicode.Scalar = " "
        for (index, scalar) in scalars.enumerated() {
            if scalar == "\"" { isQuoted = !isQuoted && index < lastQuote }
            guard scalar == "-", !isQuoted else {
                result.append(scalar)
                previous = scalar
                continue
            }
            let next: Unicode.Scalar = index + 1 < scalars.count ? scalars[index + 1] : " "
            let isSingle = index == 0 || scalars[index - 1] != "-"
            let beginsTerm = previous.properties.isWhitespace || previous == "\""
            if next == "\"" || isPartOfWord(next), beginsTerm || isSingle {
                result.append(scalar)
            } else if !beginsTerm, next != "-" {
                result.append(" ")
            }
        }
        return String(result)
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    /// The scripts of Thailand, Laos, Myanmar and Cambodia, of China and Japan, and of Korea, whose words take endings
    /// without a space; the storage keeps the texts that hold such characters searchable by substrings.
    static let unspacedScalars: [ClosedRange<UInt32>] = [
        0x0E00...0x0EFF, 0x1000...0x109F, 0x1100...0x11FF, 0x1780...0x17FF, 0x3005...0x3007, 0x3040...0x30FF,
        0x3130...0x318F, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA960...0xA97F, 0xAC00...0xD7FF,
        0xF900...0xFAFF, 0xFF66...0xFFDC, 0x20000...0x3FFFF,
    ]

    public static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x0E00 && unspacedScalars.contains { $0.contains(scalar.value) }
    }

    /// Whether the term holds such a character.
    public static func isUnspaced(_ term: String) -> Bool { term.unicodeScalars.contains(where: isUnspaced) }

    private static func alternatives(of query: String) -> [Alternative] {
        var alternatives = [Alternative()]
        var terms = 0
        var rest = query.unicodeScalars[...]
        while terms < maximumTerms, let first = rest.first {
            if first.properties.isWhitespace {
                rest.removeFirst()
                continue
            }
            let isExcluded = first == "-"
            if isExcluded { rest.removeFirst() }
            let isQuoted = rest.first == "\""
            if isQuoted { rest.removeFirst() }
            let term = rest.prefix { isQuoted ? $0 != "\"" : !$0.properties.isWhitespace && $0 != "\"" }
            rest = rest[term.endIndex...]
            if isQuoted, !rest.isEmpty { rest.removeFirst() }
            let text = String(term)
            if !isQuoted, !isExcluded, text.lowercased() == "or" {
                alternatives.append(Alternative())
            } else if text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) {
                terms += 1
                if isExcluded {
                    alternatives[alternatives.count - 1].excluded.append(text)
                } else {
                    alternatives[alternatives.count - 1].included.append(text)
                }
            }
        }
        return alternatives.filter { !$0.included.isEmpty || !$0.excluded.isEmpty }
    }
}
