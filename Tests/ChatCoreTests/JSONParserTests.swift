import ChatCore
import Testing

@Suite struct JSONParserTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "-1.5", "1e10", "2.5E-3", "\"\"", "\"a\\nb\"", "[]", "[1,[2,{}]]",
        "{}", "{\"b\":1,\"a\":{\"c\":null}}", "123456789012345678901234567890.5", "\"😀\"",
    ])
    func writesWhatItRead(_ text: String) throws {
        #expect(try JSONParser.parse(text).text == text)
    }

    @Test func skipsWhiteSpace() throws {
        #expect(try JSONParser.parse(" \t\r\n{ \"a\" : [ 1 , 2 ] } ").text == "{\"a\":[1,2]}")
    }

    @Test func readsEscapes() throws {
        let value = try JSONParser.parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#)
        #expect(value == .string("\"\\/\u{8}\u{c}\n\r\té😀"))
    }

    @Test(arguments: [
        ("", JSONSyntaxError.Reason.unexpectedEnd), ("{", .unexpectedEnd), ("[1,", .unexpectedEnd),
        ("\"abc", .unexpectedEnd), ("tru", .unexpectedEnd), ("trux", .unexpectedCharacter),
        ("[1,]", .unexpectedCharacter),
        ("{\"a\":1,}", .unexpectedCharacter), ("{a:1}", .unexpectedCharacter), ("01", .trailingData),
        ("1 2", .trailingData),
        ("-", .unexpectedEnd), ("1.", .unexpectedEnd), (".5", .unexpectedCharacter), ("+1", .unexpectedCharacter),
        ("1e", .unexpectedEnd), ("-x", .invalidNumber), ("1e401", .invalidNumber),
        ("1e-99999999999999999999", .invalidNumber), ("\"\u{1}\"", .invalidString), ("\"\\x\"", .invalidString),
        ("\"\\u12g4\"", .invalidString), ("\"\\ud800\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate),
        ("\"\\ud800\\u0041\"", .loneSurrogate), ("\"\\u0000\"", .nulCharacter), ("{\"a\":1,\"a\":2}", .duplicateKey),
        ("NaN", .unexpectedCharacter), ("'a'", .unexpectedCharacter),
    ])
    func refuses(_ text: String, _ reason: JSONSyntaxError.Reason) {
        #expect { try JSONParser.parse(text) } throws: { ($0 as? JSONSyntaxError)?.reason == reason }
    }

    @Test(arguments: [
        ("{", ""), ("[1,x]", "[1]"), ("{\"a\":\"\\u0000\"}", "a"),
        ("{\"a\":{\"b\":[0,{\"c\":\"\\ud800\"}]}}", "a.b[1].c"),
        ("[[],[1,[-]]]", "[1][1][0]"), ("{\"a\":{\"b\":1,\"b\":2}}", "a.b"), ("{\"a\":1}x", ""),
        ("{\"a\\u0000\":1}", ""),
    ])
    func tellsInWhichValue(_ text: String, path: String) {
        #expect { try JSONParser.parse(text) } throws: { ($0 as? JSONSyntaxError)?.path == path }
    }

    @Test func namesAreToldApartByTheirBytes() throws {
        let text = "{\"\u{E9}\":1,\"e\u{301}\":2,\"\u{1E9}\":3}"
        let object = try #require(try JSONParser.parse(text).objectValue)
        #expect(object.count == 3)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
        #expect(JSONValue.object(object).text.utf8.elementsEqual(text.utf8))
        let patched = object.merged(with: ["e\u{301}": .null, "k\u{30C}": 4])
        #expect(patched.names.map { Array($0.utf8) } == ["\u{E9}", "\u{1E9}", "k\u{30C}"].map { Array($0.utf8) })
        // One that is written twice is one, in whatever spelling.
        #expect { try JSONParser.parse("{\"\u{E9}\":1,\"\\u00e9\":2}") } throws: {
            ($0 as? JSONSyntaxError)?.reason == .duplicateKey
        }
    }

    @Test func refusesInvalidUTF8() {
        let bytes = Array("\"".utf8) + [0xC3, 0x28] + Array("\"".utf8)
        #expect { try JSONParser.parse(bytes) } throws: { ($0 as? JSONSyntaxError)?.reason == .invalidUTF8 }
        let escaped = Array("\"\\n".utf8) + [0xFF] + Array("\"".utf8)
        #expect { try JSONParser.parse(escaped) } throws: { ($0 as? JSONSyntaxError)?.reason == .invalidUTF8 }
    }

    @Test func limitsDepth() throws {
        let limit = JSONParser.maximumDepth
        let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        #expect(try JSONParser.parse(deepest).text == deepest)
        #expect { try JSONParser.parse("[" + deepest + "]") } throws: { ($0 as? JSONSyntaxError)?.reason == .tooDeep }
        let endless = String(repeating: "[", count: 1_000_000)
        #expect { try JSONParser.parse(endless) } throws: { ($0 as? JSONSyntaxError)?.reason == .tooDeep }
    }

    @Test func everyPrefixOfAValueIsRefusedWithoutTrap() throws {
        let text = #"{"a":[1.5e3,true,null,"x\u00e9\ud83d\ude00y"],"b":{"c":-0}}"#
        for length in 0..<text.utf8.count {
            #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(Array(text.utf8.prefix(length))) }
        }
        #expect(try JSONParser.parse(text)["b"]?["c"]?.integerValue == 0)
    }

    @Test func objectsKeepOrderAndCanBeChanged() {
        var object: JSONObject = ["b": 1, "a": 2]
        #expect(object.names == ["b", "a"])
        object["c"] = "x"
        object["b"] = nil
        #expect(JSONValue.object(object).text == #"{"a":2,"c":"x"}"#)
        let added = object.insert(3, named: "a")
        #expect(!added)
        #expect(object["a"] == 2)
    }

    @Test func writesControlCharactersEscaped() {
        #expect(JSONValue.string("\u{0}\u{1f}\"\\\n\u{7f}").text == "\"\\u0000\\u001f\\\"\\\\\\n\u{7f}\"")
    }

    /// What a database writes out in full must be readable again.
    @Test func numbersAreBoundedAsTheyAreWrittenOut() throws {
        let nines = String(repeating: "9", count: 600)
        #expect(throws: Never.self) { try JSONParser.parse("\(nines)e400") }
        #expect(throws: Never.self) { try JSONParser.parse(String(repeating: "9", count: 1000)) }
        let zeros = String(repeating: "0", count: 599)
        for text in ["9\(nines)e400", "0.\(zeros)1e-400", "-\(nines)e400"] {
            #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
        }
    }
}
