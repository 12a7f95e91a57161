import Testing

@testable import ChatStorage

@Suite struct SubstringPatternTests {
    @Test func whatHasAMeaningInAPatternIsEscaped() {
        #expect(SubstringPattern.like("東京") == "%東京%")
        #expect(SubstringPattern.like(#"50%_\塔"#) == #"%50\%\_\\塔%"#)
    }

    @Test func whatHasAMeaningInARegularExpressionIsEscaped() {
        #expect(SubstringPattern.expression(of: []) == nil)
        #expect(SubstringPattern.expression(of: ["東京", "a.b*c"]) == #"(?:東京|a\.b\*c)"#)
        #expect(SubstringPattern.expression(of: [#"(\d+)|[x]"#]) == #"(?:\(\\d\+\)\|\[x\])"#)
    }
}
