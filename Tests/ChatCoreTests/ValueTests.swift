import ChatCore
import Testing

@Suite struct ValueTests {
    @Test func identifiersAreVersion7AndOrdered() throws {
        let early = MessageID.make(at: Timestamp(microsecondsSince1970: 1_770_000_000_000_000))
        let late = MessageID.make(at: Timestamp(microsecondsSince1970: 1_770_000_000_001_000))
        #expect(early.description < late.description)
        let text = Array(early.description)
        #expect(text.count == 36)
        #expect(text[14] == "7")
        #expect("89ab".contains(text[19]))
        #expect(MessageID(early.description) == early)
        #expect(MessageID(early.description.uppercased()) == early)
    }

    @Test func clientsAreToldApartByteByByte() throws {
        let composed = try #require(ClientID("jos\u{e9}"))
        let decomposed = try #require(ClientID("jose\u{301}"))
        #expect(composed.rawValue == decomposed.rawValue)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, composed]).count == 2)
        let channels = [composed, decomposed].map { SignalChannel.events(of: $0).name }
        #expect(Set(channels).count == 2)
        #expect(channels.allSatisfy { $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
        let plain = try #require(ClientID("plain-client"))
        #expect(SignalChannel.events(of: plain).name == "chat-engine:events:plain-client")
        let escaped = try #require(ClientID("a%20b"))
        #expect(SignalChannel.events(of: escaped) != SignalChannel.events(of: try #require(ClientID("a b"))))
    }

    @Test(arguments: [
        "", "x", "0194d3a0-0000-7000-8000-00000000000", "0194d3a0-0000-7000-8000-0000000000000",
        "zzzzzzzz-0000-7000-8000-000000000000",
    ])
    func refusesWhatIsNoIdentifier(_ text: String) {
        #expect(MessageID(text) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_770_287_400_000_000, "2026-02-05T10:30:00.000Z"),
            (951_782_399_999_999, "2000-02-28T23:59:59.999Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (4_102_444_799_123_456, "2099-12-31T23:59:59.123Z"),
        ] as [(Int64, String)]
    )
    func writesTimes(_ microseconds: Int64, _ text: String) {
        #expect(Timestamp(microsecondsSince1970: microseconds).description == text)
    }

    @Test func timesSaturate() {
        #expect(Timestamp(microsecondsSince1970: .max).advanced(bySeconds: 1).microsecondsSince1970 == .max)
        #expect(Timestamp(microsecondsSince1970: 0).advanced(bySeconds: .max).microsecondsSince1970 == .max)
        #expect(Timestamp(microsecondsSince1970: 0).advanced(bySeconds: .min).microsecondsSince1970 == .min)
    }

    @Test func clientIDsAreBounded() {
        #expect(ClientID("") == nil)
        #expect(ClientID("a\u{0}b") == nil)
        #expect(ClientID(String(repeating: "x", count: 257)) == nil)
        #expect(ClientID(String(repeating: "x", count: 256)) != nil)
        #expect(ClientID("Zoë 会")?.rawValue == "Zoë 会")
    }

    @Test(arguments: [
        ("https://example.org/a?b=c#d", true), ("http://localhost:8080", true), ("HTTP://EXAMPLE.org", true),
        ("ftp://example.org", false), ("javascript:alert(1)", false), ("http://", false), ("/relative", false),
        ("http://user:secret@example.org", false), ("http://user@example.org", false), ("http://a b", false),
        ("", false),
        ("http://example.org:99999/", false),
    ])
    func knowsWebURLs(_ text: String, _ isAcceptable: Bool) {
        #expect(WebURL.isAcceptable(text) == isAcceptable)
    }

    @Test func capabilitiesNeedAnID() {
        #expect(Capability(["id": "a", "name": "A"])?.json.text == #"{"id":"a","name":"A"}"#)
        #expect(Capability(["name": "A"]) == nil)
        #expect(Capability(["id": 1]) == nil)
        #expect(Capability(["id": ""]) == nil)
        #expect(Capability("a") == nil)
    }
}
