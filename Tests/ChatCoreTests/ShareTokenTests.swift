import ChatCore
import Testing

@Suite struct ShareTokenTests {
    @Test func aTokenIsReadAsItIsWritten() throws {
        for _ in 0..<100 {
            let token = ShareToken.make()
            #expect(token.bytes.count == 32)
            #expect(token.text.utf8.count == 43)
            #expect(token.text.utf8.allSatisfy { isURLSafe($0) })
            #expect(ShareToken(token.text) == token)
        }
    }

    private func isURLSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    @Test func aTokenHasOneSpelling() throws {
        let zeros = String(repeating: "A", count: 43)
        #expect(ShareToken(zeros)?.bytes == [UInt8](repeating: 0, count: 32))
        // The last character has two bits to spare.
        #expect(ShareToken(zeros.dropLast() + "B") == nil)
        #expect(ShareToken(zeros.dropLast() + "D") == nil)
        #expect(ShareToken(zeros.dropLast() + "E") != nil)
    }

    @Test(arguments: ["", "A", String(repeating: "A", count: 42), String(repeating: "A", count: 44)])
    func anotherLengthIsNoToken(text: String) {
        #expect(ShareToken(text) == nil)
    }

    @Test(arguments: ["+", "/", "=", " ", "é", "\n", "%", "\0"])
    func aForeignCharacterMakesNoToken(character: Character) {
        let text = String(String(repeating: "A", count: 43 - String(character).utf8.count)) + String(character)
        #expect(ShareToken(text) == nil)
        #expect(ShareToken(String(character) + text.dropLast()) == nil)
    }

    @Test func aTokenDoesNotShowItself() {
        let token = ShareToken.make()
        #expect(!"\(token)".contains(token.text))
        #expect(!String(reflecting: token).contains(token.text))
    }

    @Test func aShareIsNamedByTokenOrID() {
        let (token, id) = (ShareToken.make(), ShareID.make())
        #expect(ShareReference(token.text) == .token(token))
        #expect(ShareReference(id.description) == .id(id))
        #expect(ShareReference("share") == nil)
        #expect(ShareReference("") == nil)
    }
}
