import ChatCore

/// Which texts match a search, and how well.
///
/// The alternatives of a query are looked for one by one, each by the index that fits it: words by the documents, terms
/// without spaces by the trigrams of the texts that hold such. What no index helps with is asked of what was found.
struct SearchMatch {
    /// Queries to join, if any: CTEs, with a comma behind.
    private(set) var preparation = ""
    /// Of the message `m` of a `hit`.
    private(set) var snippet = ""
    private var arms: [Arm] = []
    private let owner: (_ collation: String) -> String

    /// One way to match: what is asked of each text `t`, and the joins and conditions that select it.
    private struct Arm {
        let columns: String
        let selection: String
    }

    init(_ query: SearchQuery, session: SessionID?, _ parameters: inout SearchParameterList) {
        let client = parameters.add(.text(query.clientID.rawValue))
        let ofSession = session.map { " AND t.session_id = \(parameters.add(.uuid($0.uuid)))" } ?? ""
        // By the collation of the index that is meant, so that no other is taken.
        owner = { "t.client_id = \(client) COLLATE \($0)\(ofSession)" }
        switch query.text.kind {
        case .words: matchWords(query.text.query, &parameters)
        case .mixed(let alternatives): match(alternatives, &parameters)
        }
    }

    /// The rows of `message_texts` or `session_texts` that match, each once: these columns of `t`, and those of the arms.
    func rows(of table: String, _ columns: String) -> String {
        let selects = arms.map { "SELECT \(columns), \($0.columns) FROM \(table) AS t \($0.selection)" }
        guard selects.count > 1 else { return selects.first ?? "" }
        return """
            SELECT \(columns), t.language, bool_or(t.is_substring) AS is_substring, max(t.score) AS score
            FROM (\(selects.joined(separator: " UNION ALL "))) AS t
            GROUP BY \(columns), t.language
            """
    }
}

/// The parameters of a statement, each known by its placeholder.
struct SearchParameterList {
    private(set) var values: [PostgresValue] = []

    mutating func add(_ value: PostgresValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }
}

extension SearchMatch {
    private static let byWords = "\"POSIX\""
    private static let bySubstrings = "ucs_basic"
    private static let byPieces = "search_pieces"

    private mutating func matchWords(_ query: String, _ parameters: inout SearchParameterList) {
        let selection = joinQueries(of: query, as: "words", &parameters)
        arms = [Arm(columns: "t.language, search_score(t.document, q.query) AS score", selection: selection)]
        let marked = "(SELECT query FROM words WHERE words.language = hit.language)"
        snippet = "search_snippet(hit.language, message_text(m.content), \(marked))"
    }

    /// Has the texts selected that match a query of words. A text is searched in its own language; the index is asked once
    /// for all of them.
    private mutating func joinQueries(
        of query: String,
        as name: String,
        _ parameters: inout SearchParameterList
    ) -> String {
        preparation += """
            \(name) AS MATERIALIZED (
                SELECT language, query FROM search_queries(\(parameters.add(.text(query))))
            ), any_of_\(name) AS MATERIALIZED (
                SELECT string_agg('(' || query::text || ')', ' | ')::tsquery AS query FROM \(name)
            ),
            """
        return """
            JOIN \(name) AS q ON q.language = t.language
            WHERE \(owner(Self.byWords)) AND t.document @@ (SELECT query FROM any_of_\(name)) AND t.document @@ q.query
            """
    }

    private mutating func match(_ alternatives: [SearchText.Alternative], _ parameters: inout SearchParameterList) {
        var terms = Terms()
        for (number, alternative) in alternatives.enumerated() {
            let excluded = alternative.excluded.map { " AND NOT \(terms.occurs($0, &parameters))" }.joined()
            let substrings = alternative.included.filter(SearchText.isUnspaced)
            let words = alternative.included.filter { !SearchText.isUnspaced($0) }
            if !substrings.isEmpty {
                let (collation, first) = Self.hold(substrings, &parameters)
                let further = words.map { "(\(terms.isWord($0)) OR \(Self.contains($0, &parameters)))" }
                let scored = parameters.add(.textArray(alternative.included))
                add(
                    score: "search_substring_score(t.unspaced_text, \(scored))",
                    isSubstring: true,
                    """
                    WHERE \(owner(collation)) AND t.unspaced_text IS NOT NULL
                        AND \((first + further).joined(separator: " AND "))\(excluded)
                    """
                )
            } else if !words.isEmpty {
                let query = words.map { "\"\($0)\"" }.joined(separator: " ")
                let selection = joinQueries(of: query, as: "words_\(number)", &parameters)
                add(score: "search_score(t.document, q.query)", isSubstring: false, selection + excluded)
            } else {
                add(score: "0", isSubstring: false, "WHERE \(owner(Self.byWords))\(excluded)")
            }
        }
        makeSnippet(of: alternatives.flatMap(\.included), &parameters)
        preparation += terms.preparation(&parameters)
    }

    private mutating func add(score: String, isSubstring: Bool, _ selection: String) {
        arms.append(
            Arm(columns: "t.language, \(isSubstring) AS is_substring, \(score) AS score", selection: selection)
        )
    }

    /// Whether the text holds all the terms as they stand, and the collation of the index that helps: of trigrams when a term
    /// has one, or else of the pieces that are as short as the terms.
    private static func hold(
        _ terms: [String],
        _ parameters: inout SearchParameterList
    ) -> (collation: String, conditions: [String]) {
        guard terms.allSatisfy(isShort) else { return (bySubstrings, terms.map { contains($0, &parameters) }) }
        let pieces = terms.map { "lower(\(parameters.add(.text($0))))" }.joined(separator: ", ")
        return (byPieces, ["text_pieces(t.unspaced_text) @> ARRAY[\(pieces)]"])
    }

    /// Whether the text holds a term as it stands. Where no trigram helps, the quicker way is taken.
    private static func contains(_ term: String, _ parameters: inout SearchParameterList) -> String {
        isShort(term)
            ? "strpos(t.unspaced_text, lower(\(parameters.add(.text(term))))) > 0"
            : "t.unspaced_text LIKE lower(\(parameters.add(.text(SubstringPattern.like(term)))))"
    }

    private static func isShort(_ term: String) -> Bool { term.unicodeScalars.count < 3 }

    /// What was found by substrings is shown around them, anything else as it is in a search for words.
    private mutating func makeSnippet(of included: [String], _ parameters: inout SearchParameterList) {
        let text = "message_text(m.content)"
        let words = included.filter { !SearchText.isUnspaced($0) }
        var shown = "left(\(text), 160)"
        if !words.isEmpty {
            let query = words.map { "\"\($0)\"" }.joined(separator: " or ")
            preparation += """
                shown AS MATERIALIZED (
                    SELECT language, query FROM search_queries(\(parameters.add(.text(query))))
                ),
                """
            let marked = "(SELECT query FROM shown WHERE shown.language = hit.language)"
            shown = "coalesce(search_snippet(hit.language, \(text), \(marked)), \(shown))"
        }
        guard let anyTerm = SubstringPattern.expression(of: included), included.contains(where: SearchText.isUnspaced)
        else {
            snippet = shown
            return
        }
        let terms = parameters.add(.textArray(included))
        let excerpt = "search_excerpt(\(text), \(terms), \(parameters.add(.text(anyTerm))))"
        snippet = "CASE WHEN hit.is_substring THEN \(excerpt) ELSE \(shown) END"
    }
}

/// Single terms as queries of words, in every language in use.
private struct Terms {
    private var texts: [String] = []

    /// Whether the term is a word or phrase of the text; null when it says nothing in the text's language.
    private mutating func query(_ term: String) -> String {
        texts.append("\"\(term)\"")
        return "(SELECT query FROM terms WHERE terms.number = \(texts.count) AND terms.language = t.language)"
    }

    mutating func isWord(_ term: String) -> String {
        "coalesce(t.document @@ \(query(term)), false)"
    }

    /// Whether the text holds the term, which may be of either kind; what is neither word nor phrase is looked for as it
    /// stands.
    mutating func occurs(_ term: String, _ parameters: inout SearchParameterList) -> String {
        let substring = "coalesce(strpos(t.unspaced_text, lower(\(parameters.add(.text(term))))), 0) > 0"
        return SearchText.isUnspaced(term) ? "(\(substring))" : "coalesce(t.document @@ \(query(term)), \(substring))"
    }

    /// The CTE that ``isWord(_:)`` and ``occurs(_:_:)`` refer to, with a comma behind; empty when they do not.
    func preparation(_ parameters: inout SearchParameterList) -> String {
        guard !texts.isEmpty else { return "" }
        return """
            terms AS MATERIALIZED (
                SELECT term.number, parsed.language, parsed.query
                FROM unnest(\(parameters.add(.textArray(texts)))) WITH ORDINALITY AS term (text, number)
                CROSS JOIN LATERAL search_queries(term.text) AS parsed
            ),
            """
    }
}
