import Testing

@Suite struct SourceRulesTests {
    private func file(_ text: String) -> SourceFile {
        SourceFile(path: "Sources/ChatCore/File.swift", text: text)
    }

    @Test func theLongestFileAllowedHasSixHundredLines() {
        #expect(SourceRules.fileLength(file(String(repeating: "\n", count: 600))) == [])
        #expect(SourceRules.fileLength(file(String(repeating: "\n", count: 600) + "x")).map(\.line) == [601])
    }

    @Test(arguments: ["let x = try! f()", "nonisolated(unsafe) var x = 1", #"let s = "\(try! f())""#])
    func aForbiddenWordIsFound(code: String) {
        #expect(SourceRules.violations(in: file("\n\(code)")).map(\.line) == [2])
    }

    @Test(arguments: [
        "// try! and nonisolated(unsafe)", #"let s = "try!""#, ##"let s = #"a "try!" b"#"##, "let x = try? f()",
        "let s = \"\"\"\n  try! \"x\" @unchecked Sendable\n  \"\"\"",
    ])
    func wordsInCommentsAndStringsAreFree(code: String) {
        #expect(SourceRules.violations(in: file(code)) == [])
    }

    @Test(arguments: [
        "final class A: @unchecked Sendable {}",
        "/// A box.\nfinal class A: @unchecked Sendable {}",
        "// Sendable: it is.\n\nfinal class A: @unchecked Sendable {}",
        "extension A: @unchecked Sendable {}  // because",
    ])
    func uncheckedSendableWithoutAReasonIsFound(code: String) {
        #expect(SourceRules.violations(in: file(code)).map(\.rule) == ["@unchecked Sendable without a reason"])
    }

    @Test(arguments: [
        "/// A box.\n/// `@unchecked Sendable`: nothing in it changes.\n@frozen\nfinal class A: @unchecked Sendable {}",
        "extension A: @unchecked Sendable {}  // Sendable: nothing in it changes.",
        "// Sendable: nothing in it changes.\nfinal class A: Base,\n    @unchecked Sendable {}",
    ])
    func uncheckedSendableWithAReasonPasses(code: String) {
        #expect(SourceRules.violations(in: file(code)) == [])
    }
}
