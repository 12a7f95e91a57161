import Testing

@testable import ChatStorage

@Suite struct PreparedStatementsTests {
    private func key(_ sql: String, _ types: [UInt32] = []) -> EncodedStatement.Key {
        EncodedStatement.Key(sql: sql, types: types)
    }

    @Test func aStatementIsPreparedOnceForItsTypes() {
        var prepared = PreparedStatements()
        #expect(prepared.lookup(key("a")) == .missing(name: "s1", evicting: nil))
        #expect(prepared.lookup(key("a")) == .prepared(name: "s1"))
        #expect(prepared.lookup(key("a", [25])) == .missing(name: "s2", evicting: nil))
    }

    @Test func theOldestMakesRoom() {
        var prepared = PreparedStatements(limit: 2)
        _ = prepared.lookup(key("a"))
        _ = prepared.lookup(key("b"))
        #expect(prepared.lookup(key("c")) == .missing(name: "s3", evicting: "s1"))
        #expect(prepared.lookup(key("a")) == .missing(name: "s4", evicting: "s2"))
    }

    @Test func onlyTheNameThatWasLostIsForgotten() {
        var prepared = PreparedStatements(limit: 2)
        _ = prepared.lookup(key("a"))
        prepared.forget(key("a"), name: "s7")
        #expect(prepared.lookup(key("a")) == .prepared(name: "s1"))
        prepared.forget(key("a"), name: "s1")
        #expect(prepared.lookup(key("a")) == .missing(name: "s2", evicting: nil))
        #expect(prepared.lookup(key("b")) == .missing(name: "s3", evicting: nil))
    }
}
