import ChatCore
import Testing

@testable import BackendCheck

@Suite struct ReportTests {
    private let report = Report(
        url: "http://127.0.0.1:8090/",
        outcomes: [
            (.createdAnswer, .passed(nil)), (.newAnswer, .failed("it broke")), (.streamUsage, .warned("odd")),
            (.streamError, .skipped("no --failing-prompt was given")),
        ]
    )

    @Test func `The table has a row for each expectation and advice where something is wrong`() {
        let lines = report.text.split(separator: "\n").map(String.init)
        #expect(lines.count == 1 + 4 + 3 + 2 + 1)
        #expect(lines.contains { $0.hasPrefix("FAILED   new.answer") })
        #expect(lines.contains { $0.hasSuffix("→ \(Expectation.newAnswer.advice)") })
        #expect(!report.text.contains(Expectation.createdAnswer.advice))
        #expect(lines.last == "1 passed, 1 failed, 1 warned, 1 skipped")
        #expect(!report.isPassed)
    }

    @Test func `The JSON says the same`() {
        #expect(report.json["failed"] == 1)
        #expect(
            report.json["expectations"]?.arrayValue?.map { $0["outcome"]?.stringValue } == [
                "passed", "failed", "warned", "skipped",
            ]
        )
        #expect(report.json["expectations"]?.arrayValue?[1]["detail"] == "it broke")
    }

    @Test func `A name that nothing has is told`() {
        var options = CheckOptions(url: "")
        options.only = ["new", "stream.end", "streams"]
        #expect(options.unknownNames == ["streams"])
        #expect(options.wants(.newAnswer))
        #expect(options.wants(.streamEnd))
        #expect(!options.wants(.streamUsage))
    }
}
