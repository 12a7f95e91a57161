/// Puts Markdown of somebody else's making into a block quote that it cannot leave.
///
/// What a block quote holds, an open fence included, ends with it (CommonMark, section 5.1); what is left is HTML, whose
/// tags would be passed through. So `<` is written as an entity outside fenced code. For that the fences have to be told
/// exactly as a renderer tells them: a fence is taken for one of the quote's own, never of a list within it, by
/// moving it to the beginning of its line.
struct QuotedMarkdown {
    private struct Fence {
        let mark: Character
        let length: Int
    }

    private var fence: Fence?

    static func text(of content: String) -> String {
        var quote = QuotedMarkdown()
        var text = ""
        for line in ExportText.lines(of: content) {
            let quoted = quote.quoted(line)
            text += quoted.isEmpty ? ">\n" : "> \(quoted)\n"
        }
        return text
    }

    private mutating func quoted(_ original: String) -> String {
        let line = withoutTabs(original)
        let indentation = line.prefix { $0 == " " }.count
        let unindented = line.dropFirst(indentation)
        let run = indentation < 4 ? Self.run(at: unindented) : nil
        if let fence {
            let isEnd =
                run.map { run in
                    run.mark == fence.mark && run.length >= fence.length
                        && unindented.dropFirst(run.length).allSatisfy { $0 == " " || $0 == "\t" }
                } ?? false
            if isEnd { self.fence = nil }
            return line
        }
        // Information after backticks holds none of them; tildes take any.
        if let run, run.mark == "~" || !unindented.dropFirst(run.length).unicodeScalars.contains("`") {
            fence = run
            return String(unindented)
        }
        return line.split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
    }

    /// A tab reaches less far behind the mark of a quote: it could make a fence of what was none. Within a fence only one
    /// before what looks like its end matters, and code keeps its own.
    private func withoutTabs(_ line: String) -> String {
        let space = line.prefix { $0 == " " || $0 == "\t" }
        guard space.contains("\t"), fence == nil || Self.run(at: line[space.endIndex...]) != nil else { return line }
        let columns = space.reduce(0) { column, mark in mark == " " ? column + 1 : column / 4 * 4 + 4 }
        return String(repeating: " ", count: columns) + line[space.endIndex...]
    }

    /// Three or more backticks or tildes at the beginning.
    private static func run(at line: Substring) -> Fence? {
        guard let mark = line.first, mark == "`" || mark == "~" else { return nil }
        let length = line.prefix { $0 == mark }.count
        return length >= 3 ? Fence(mark: mark, length: length) : nil
    }
}
