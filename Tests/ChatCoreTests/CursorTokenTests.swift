import ChatCore
import Testing

@Suite struct CursorTokenTests {
    @Test(arguments: [
        PageCursor(list: "sessions", keys: ["1770287400123456", "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"]),
        PageCursor(list: "messages", keys: []),
        PageCursor(list: "", keys: ["", "ö"]),
    ])
    func aCursorComesBackAsItWas(cursor: PageCursor) {
        let token = CursorToken.text(of: cursor)
        #expect(CursorToken.cursor(in: token) == cursor)
        #expect(token.utf8.allSatisfy { PageCursorAlphabet.bytes.contains($0) })
    }

    @Test func aCursorThatWasTouchedIsRefused() {
        let token = CursorToken.text(of: PageCursor(list: "sessions", keys: ["17", "abc"]))
        for index in token.indices {
            var cut = token
            cut.remove(at: index)
            #expect(CursorToken.cursor(in: cut) == nil)
            var changed = token
            changed.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(CursorToken.cursor(in: changed) == nil)
        }
    }

    @Test(arguments: ["", "=", "AAAA", "====", "ä", "a b", "AAAAAAAAAAAAAAAA", String(repeating: "A", count: 2000)])
    func whatWasNeverGivenIsRefused(text: String) {
        #expect(CursorToken.cursor(in: text) == nil)
        let token = CursorToken.text(of: PageCursor(list: "sessions", keys: ["1"]))
        #expect(CursorToken.cursor(in: token + "=") == nil)
    }
}

/// What needs no encoding in a query.
private enum PageCursorAlphabet {
    static let bytes = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
