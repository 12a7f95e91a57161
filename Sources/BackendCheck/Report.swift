import ChatCore

/// What is told at the end.
struct Report: Sendable {
    let url: String
    let outcomes: [(Expectation, Outcome)]

    var isPassed: Bool { count("failed") == 0 }

    private func count(_ name: String) -> Int { outcomes.count { $0.1.name == name } }

    /// A table for people.
    var text: String {
        let width = outcomes.map { $0.0.id.count }.max() ?? 0
        var lines = ["\(url)", ""]
        for (expectation, outcome) in outcomes {
            let mark = outcome.name == "failed" ? "FAILED" : outcome.name
            lines.append("\(Self.padded(mark, to: 7))  \(Self.padded(expectation.id, to: width))  \(expectation.title)")
            let indent = String(repeating: " ", count: width + 11)
            if let detail = outcome.detail { lines.append("\(indent)\(detail)") }
            if outcome.gravity > 1 { lines.append("\(indent)→ \(expectation.advice)") }
        }
        let counts = ["passed", "failed", "warned", "skipped"].map { "\(count($0)) \($0)" }
        return (lines + ["", counts.joined(separator: ", ")]).joined(separator: "\n")
    }

    /// The same for programs.
    var json: JSONValue {
        [
            "url": .string(url),
            "passed": .integer(count("passed")),
            "failed": .integer(count("failed")),
            "warned": .integer(count("warned")),
            "skipped": .integer(count("skipped")),
            "expectations": .array(
                outcomes.map { expectation, outcome in
                    [
                        "id": .string(expectation.id),
                        "title": .string(expectation.title),
                        "outcome": .string(outcome.name),
                        "detail": outcome.detail.map { .string($0) } ?? .null,
                        "advice": .string(expectation.advice),
                    ]
                }
            ),
        ]
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
