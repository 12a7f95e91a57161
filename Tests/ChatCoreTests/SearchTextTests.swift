import ChatCore
import Testing

@Suite struct SearchTextTests {
    private func alternatives(of query: String) throws -> [[[String]]] {
        guard case .mixed(let alternatives) = try SearchText(query).kind else { return [] }
        return alternatives.map { [$0.included, $0.excluded] }
    }

    @Test(arguments: ["cats", "\"a phrase\" or -not", "Größe", "Привет", "שלום", "🙂", "a/b <c> 'd'"])
    func textWithSpacesIsSearchedByWords(query: String) throws {
        let text = try SearchText(query)
        #expect(text.kind == .words)
        #expect(text.query == query)
    }

    @Test(arguments: [
        ("-not", "-not"), ("a -\"b c\"", "a -\"b c\""), ("well-known", "well-known"), ("1-2", "1-2"),
        ("zebra - lion", "zebra  lion"), ("- a", " a"), ("a-", "a "), ("--a", "-a"), ("a --b", "a -b"),
        ("a--b", "a b"), ("---", ""), ("| --- |", "|  |"), ("-! a", "! a"), ("\"a - b\" -", "\"a - b\" "),
        ("\"a\" \"- b", "\"a\" \" b"), ("a-\"b\"", "a-\"b\""),
    ])
    func hyphensThatMeanNothingAreLeftOut(query: String, searched: String) throws {
        #expect(try SearchText(query).query == searched)
    }

    @Test func oneCharacterWithoutSpacesHasTheQueryTakenApart() throws {
        #expect(try alternatives(of: "東京") == [[["東京"], []]])
        #expect(try alternatives(of: "東京 Tower") == [[["東京", "Tower"], []]])
        #expect(try alternatives(of: "東京\u{3000}タワー") == [[["東京", "タワー"], []]])
    }

    @Test func theSyntaxIsTheSame() throws {
        #expect(
            try alternatives(of: "\"東 京\" -塔 or  大阪 OR -\"名 古屋\"") == [
                [["東 京"], ["塔"]], [["大阪"], []], [[], ["名 古屋"]],
            ]
        )
        #expect(try alternatives(of: "\"東京") == [[["東京"], []]])
        #expect(try alternatives(of: "東京\"塔\"") == [[["東京", "塔"], []]])
        // Nothing is left of quotes around nothing, a lone hyphen, and an "or" with nothing on one side.
        #expect(try alternatives(of: "or \"\" - \" \" 東京 or") == [[["東京"], []]])
        // Quoted, it is a term like any other.
        #expect(try alternatives(of: "\"or\" 東京") == [[["or", "東京"], []]])
    }

    @Test func everyQueryThatIsTakenApartHasATerm() throws {
        #expect(try alternatives(of: "-東京") == [[[], ["東京"]]])
        #expect(try alternatives(of: "--東京") == [[[], ["-東京"]]])
    }

    @Test(arguments: [
        ("", ValidationError.Code.invalidValue), (" \t\u{3000}", .invalidValue), ("a\0b", .invalidValue),
        (String(repeating: "x", count: 501), .tooLong), (String(repeating: "東", count: 501), .tooLong),
    ])
    func whatCannotBeSearchedForIsRefused(query: String, code: ValidationError.Code) throws {
        let error = #expect(throws: ChatError.self) { try SearchText(query) }
        #expect(error?.code == .invalidRequest)
        #expect(error?.validationErrors.map(\.field) == ["query"])
        #expect(error?.validationErrors.map(\.code) == [code])
    }

    @Test func theLongestQueryIsAccepted() throws {
        #expect(try SearchText(String(repeating: "x", count: 500)).kind == .words)
        #expect(try SearchText(String(repeating: "🙂", count: 500)).kind == .words)
        #expect(try alternatives(of: String(repeating: "東", count: 500)).first?.first?.count == 1)
    }

    @Test func termsBehindTheSixteenthAreLeftOut() throws {
        let terms = (1...20).map { "東\($0)" }
        #expect(try alternatives(of: terms.joined(separator: " ")) == [[Array(terms.prefix(16)), []]])
        #expect(try alternatives(of: terms.joined(separator: " or ")) == terms.prefix(16).map { [[$0], []] })
    }

    @Test func cursorsBelongToOneSearch() throws {
        let client = try #require(ClientID("alice"))
        let session = SessionID.make()
        let cats = SearchQuery(clientID: client, text: try SearchText("cats"))
        let dogs = SearchQuery(clientID: client, text: try SearchText("dogs"))
        let names = [
            cats.listName(in: nil), dogs.listName(in: nil), cats.listName(in: session), cats.listName(in: .make()),
        ]
        #expect(Set(names).count == 4)
        #expect(cats.listName(in: session) == cats.listName(in: session))
    }
}
