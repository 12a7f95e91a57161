/// Rules that hold for every file, whatever room it is in.
enum SourceRules {
    static let longestFile = 600

    static func violations(in file: SourceFile) -> [Violation] {
        fileLength(file) + forbiddenWords(file) + unexplainedSendable(file)
    }

    static func fileLength(_ file: SourceFile) -> [Violation] {
        guard file.lineCount > longestFile else { return [] }
        return [Violation(path: file.path, line: file.lineCount, rule: "longer than \(longestFile) lines")]
    }

    static func forbiddenWords(_ file: SourceFile) -> [Violation] {
        let unsafe = file.codeLines(mentioning: "nonisolated")
            .filter { $0.code.contains(/\bnonisolated\s*\(\s*unsafe\s*\)/) }
            .map { Violation(path: file.path, line: $0.index + 1, rule: "nonisolated(unsafe)") }
        let forced = file.codeLines(mentioning: "try!")
            .filter { $0.code.contains(/\btry!/) }
            .map { Violation(path: file.path, line: $0.index + 1, rule: "force try") }
        return unsafe + forced
    }

    /// `@unchecked Sendable` needs a comment right above its declaration, or on its line, that says why it holds.
    static func unexplainedSendable(_ file: SourceFile) -> [Violation] {
        let found = file.codeLines(mentioning: "@unchecked")
        guard !found.isEmpty else { return [] }
        let lines = file.lines.map { $0.drop(while: \.isWhitespace) }
        return found.compactMap { index, line in
            guard line.contains(/@unchecked\s+Sendable/) else { return nil }
            let sameLine = lines[index].split(separator: "//", maxSplits: 1).dropFirst()
            // The comment stands above the attributes and the first line of the declaration.
            var first = index
            while first > 0, lines[first - 1].hasPrefix("@") || lines[first - 1].hasSuffix(",") { first -= 1 }
            let above = lines[..<first].reversed().prefix { $0.hasPrefix("//") }
            let explained = (sameLine + above).contains { $0.contains("Sendable") }
            return explained
                ? nil : Violation(path: file.path, line: index + 1, rule: "@unchecked Sendable without a reason")
        }
    }
}
