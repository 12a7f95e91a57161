/// Text as patterns that match it as it stands.
enum SubstringPattern {
    /// The pattern of `LIKE` for texts that hold the term.
    static func like(_ term: String) -> String {
        var pattern = "%"
        for scalar in term.unicodeScalars {
            if scalar == "%" || scalar == "_" || scalar == "\\" { pattern.unicodeScalars.append("\\") }
            pattern.unicodeScalars.append(scalar)
        }
        return pattern + "%"
    }

    /// The regular expression that matches any of the terms; `nil` when there is none.
    static func expression(of terms: [String]) -> String? {
        guard !terms.isEmpty else { return nil }
        let escaped = terms.map { term in
            var expression = ""
            for scalar in term.unicodeScalars {
                // Before letters and digits a backslash has a meaning of its own.
                if scalar.isASCII, !isAlphanumeric(scalar) { expression.unicodeScalars.append("\\") }
                expression.unicodeScalars.append(scalar)
            }
            return expression
        }
        return "(?:\(escaped.joined(separator: "|")))"
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }
}
