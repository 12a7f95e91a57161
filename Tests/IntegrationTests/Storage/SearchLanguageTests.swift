import ChatCore
import TestSupport
import Testing

@testable import ChatStorage

/// Languages, and scripts without spaces between words.
@Suite struct SearchLanguageTests {
    @Test func theLanguageIsTheSessionTypes() async throws {
        try await withStorage { storage in
            let german = try await storage.makeType(searchLanguage: "german")
            let session = try await storage.makeSession(metadata: ["title": "Alte Häuser"], type: german)
            let begun = try await storage.say("Die Häuser am See", in: session, type: german)
            #expect(try await storage.found("Haus See", in: session) == [begun.userMessage.id])
            #expect(try await storage.foundSessions("altes Haus") == [session])
            // A stop word there, and a word in English.
            #expect(try await storage.found("die", in: session).isEmpty)
        }
    }

    @Test func languagesAreSearchedSideBySide() async throws {
        try await withStorage { storage in
            let german = try await storage.makeType(searchLanguage: "german")
            let session = try await storage.makeSession()
            let english = try await storage.say("he was running", in: session)
            let german1 = try await storage.say("das Laufen", in: session, type: german)
            #expect(
                Set(try await storage.found("run or laufe", in: session))
                    == [english.userMessage.id, german1.userMessage.id]
            )
        }
    }

    @Test(arguments: [JSONValue.string("klingon"), "", 7, ["english"], "pg_catalog.english"])
    func anUnknownLanguageIsSimple(language: JSONValue) async throws {
        try await withStorage { storage in
            let type = try await storage.makeType(searchLanguage: language)
            let session = try await storage.makeSession()
            let begun = try await storage.say("the Running", in: session, type: type)
            #expect(try await storage.found("running the", in: session) == [begun.userMessage.id])
            #expect(try await storage.found("runs", in: session).isEmpty)
        }
    }

    @Test func theLanguageOfAMessageIsFixedWhenItIsWritten() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let old = try await storage.say("old houses", in: session)
            try await storage.database.query("UPDATE session_types SET meta = '{\"search_language\": \"simple\"}'")
            let new = try await storage.say("new houses", in: session)
            #expect(try await storage.found("house", in: session) == [old.userMessage.id])
            #expect(Set(try await storage.found("houses", in: session)) == [old.userMessage.id, new.userMessage.id])
        }
    }

    @Test func aLanguageThatWasDroppedDoesNoHarm() async throws {
        try await withStorage { storage in
            try await storage.database.query("CREATE TEXT SEARCH CONFIGURATION own (COPY = english)")
            let type = try await storage.makeType(searchLanguage: "own")
            let session = try await storage.makeSession()
            let begun = try await storage.say("badger", in: session, type: type)
            try await storage.database.query("DROP TEXT SEARCH CONFIGURATION own")
            #expect(try await storage.found("badger", in: session) == [begun.userMessage.id])
            let later = try await storage.say("badgers", in: session, type: type)
            #expect(try await storage.found("badgers", in: session) == [later.userMessage.id])
        }
    }

    @Test func substringsAreFoundWhereThereAreNoSpaces() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "旅行の計画"])
            let tower = try await storage.say("東京タワーは港区にある", in: session).userMessage.id
            let chinese = try await storage.say("我们明天去北京大学 with Bob", in: session).userMessage.id
            #expect(try await storage.found("タワー", in: session) == [tower])
            #expect(try await storage.found("京", in: session).count == 2)
            #expect(try await storage.found("京 港", in: session) == [tower])
            #expect(try await storage.found("タワ 大学", in: session).isEmpty)
            #expect(try await storage.found("h b", in: session).isEmpty)
            #expect(try await storage.found("学 B", in: session) == [chinese])
            #expect(try await storage.found("北京 bOB", in: session) == [chinese])
            #expect(try await storage.found("\"東京 タワー\"", in: session).isEmpty)
            #expect(Set(try await storage.found("港区 or 明天去", in: session)) == [tower, chinese])
            #expect(try await storage.found("京 -\"大学\"", in: session) == [tower])
            let without = try await storage.found("-大学", in: session)
            #expect(without.contains(tower) && !without.contains(chinese))
            #expect(try await storage.foundSessions("旅行") == [session])
            #expect(try await storage.foundSessions("北京大学") == [session])
            let result = try await storage.onlyResult("港区 東京", in: session)
            #expect(result.snippet == "«東京»タワーは«港区»にある")
            #expect(result.score > SearchScore(millionths: 0) && result.score < SearchScore(millionths: 1_000_000))
        }
    }

    @Test func wordsAreStillFoundBesideSuchText() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let begun = try await storage.say("北京 with running water", in: session)
            #expect(try await storage.found("run", in: session) == [begun.userMessage.id])
        }
    }

    @Test func termsOfBothKindsStandBesideEachOther() async throws {
        try await withStorage { storage in
            let titled = try await storage.makeSession(metadata: ["title": "running late"])
            let session = try await storage.makeSession()
            let words = try await storage.say("the dogs were running", in: session).userMessage.id
            let both = try await storage.say("你好 dogs", in: session).userMessage.id
            let characters = try await storage.say("世界,你好", in: session).userMessage.id
            #expect(Set(try await storage.found("dog OR 你好", in: session)) == [words, both, characters])
            #expect(try await storage.found("dog 你好", in: session) == [both])
            #expect(try await storage.found("-你好 dog", in: session) == [words])
            #expect(try await storage.found("你好 -dog", in: session) == [characters])
            #expect(try await storage.found("dog -run OR 世界", in: session).count == 2)
            #expect(Set(try await storage.found("\"were running\" or 世界", in: session)) == [words, characters])
            #expect(try await storage.found("the or 世界", in: session) == [characters])
            let answers = try await storage.found("-你好 -dog", in: session)
            #expect(answers.count == 3 && !answers.contains(words))
            // Each once, however many alternatives it matches.
            #expect(try await storage.found("dog or 你好 or 世界 or were", in: session).count == 3)
            #expect(Set(try await storage.foundSessions("run or 你好")) == [session, titled])
            #expect(try await storage.foundSessions("-你好 late") == [titled])

            let page = try #require(
                try await storage.search.searchMessages(of: session, storage.query("dog OR 世界"))
            )
            let snippets = Dictionary(uniqueKeysWithValues: page.results.map { ($0.messageID, $0.snippet) })
            #expect(snippets[words] == "the «dogs» were running")
            #expect(snippets[characters] == "«世界»,你好")
        }
    }

    @Test func aWordBetweenSuchCharactersIsFound() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession(metadata: ["title": "学习Swift语言"])
            let begun = try await storage.say("使用PostgreSQL数据库", in: session)
            for text in ["postgresql", "PostgreSQL or 港区", "数据 postgres", "数据 postgresql"] {
                #expect(try await storage.found(text, in: session) == [begun.userMessage.id], "\(text)")
            }
            #expect(try await storage.found("postgres", in: session).isEmpty)
            #expect(try await storage.onlyResult("postgresql", in: session).snippet == "使用«PostgreSQL»数据库")
            #expect(try await storage.foundSessions("swift") == [session])
        }
    }

    @Test func patternsAreTakenAsTheyStand() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let percent = try await storage.say(#"割引50%_\.*(東京)"#, in: session).userMessage.id
            try await storage.say("割引500円、東京", in: session)
            for text in [#"引50% 東京"#, #"東 50%_"#, #"京 _\"#, #"割引 .*("#] {
                let result = try await storage.onlyResult(text, in: session)
                #expect(result.messageID == percent)
                #expect(result.snippet.contains("«"))
            }
            #expect(try await storage.found("割_5", in: session).isEmpty)
        }
    }

    @Test func aLongTextIsShownAroundTheMatch() async throws {
        try await withStorage { storage in
            let session = try await storage.makeSession()
            let padding = String(repeating: "静", count: 1000)
            try await storage.say("\(padding)東京\(padding)", in: session)
            let snippet = try await storage.onlyResult("東京", in: session).snippet
            #expect(snippet.hasPrefix("… 静") && snippet.hasSuffix("静 …"))
            #expect(snippet.contains("静«東京»静"))
            #expect(snippet.count < 200)
        }
    }

    /// The program decides which query is one for substrings, the database which text is searched by them.
    @Test func theProgramAndTheDatabaseMeanTheSameScripts() async throws {
        try await withStorage { storage in
            var scalars: [Unicode.Scalar] = ["a", "é", "я", "🙂"]
            for edge in [
                0x0E00, 0x0EFF, 0x1000, 0x109F, 0x1100, 0x11FF, 0x1780, 0x17FF, 0x3005, 0x3007, 0x3040, 0x30FF, 0x3130,
                0x318F, 0x31F0, 0x31FF, 0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xA960, 0xA97F, 0xAC00, 0xD7FF, 0xF900, 0xFAFF,
                0xFF66, 0xFFDC, 0x20000, 0x3FFFF,
            ] as [UInt32] {
                scalars += [edge - 1, edge, edge + 1].compactMap(Unicode.Scalar.init)
            }
            let unspaced = try await storage.client.execute(
                Statement(
                    "SELECT is_unspaced(character) FROM unnest($1) WITH ORDINALITY AS t (character, n) ORDER BY n",
                    [.textArray(scalars.map { String(Character($0)) })]
                )
            ).map { try $0.boolean(0) }
            #expect(unspaced == scalars.map { SearchText.isUnspaced($0) })
            let setApart = try await storage.client.execute(
                Statement(
                    """
                    SELECT strpos(parsed_text(character), E'\\x06') > 0
                    FROM unnest($1) WITH ORDINALITY AS t (character, n) ORDER BY n
                    """,
                    [.textArray(scalars.map { String(Character($0)) })]
                )
            ).map { try $0.boolean(0) }
            #expect(setApart == unspaced)
            #expect(Set(unspaced) == [true, false])
        }
    }
}
