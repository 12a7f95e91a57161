import Testing

@testable import ChatCore

@Suite struct ChunkWindowTests {
    private func window(_ count: Int, bytes: Int = 10) -> ChunkWindow {
        var window = ChunkWindow()
        for index in 0..<count {
            let text = String(repeating: "x", count: bytes / 2)
            window.append(StreamChunk(kind: .text, content: text, json: text, attributes: ["n": .integer(index)]))
        }
        return window
    }

    @Test func holdsWhatWasAppended() {
        let window = window(5)
        #expect(window.firstIndex == 0)
        #expect(window.endIndex == 5)
        #expect(window.byteCount == 50)
        #expect((0..<5).allSatisfy { window.chunk(at: $0)?.attributes["n"] == .integer($0) })
        #expect(window.chunk(at: -1) == nil)
        #expect(window.chunk(at: 5) == nil)
    }

    @Test func countsTheBytesFromAPlaceOn() {
        let window = window(5)
        #expect((-1...6).map { window.byteCount(from: $0) } == [50, 50, 40, 30, 20, 10, 0, 0])
    }

    @Test func letsGoOfWhatEverybodyHasHad() {
        var window = window(10)
        window.trim(to: 30, keepingFrom: 10, within: 1000)
        #expect(window.firstIndex == 7)
        #expect(window.chunk(at: 6) == nil)
        #expect(window.chunk(at: 7)?.attributes["n"] == .integer(7))
        #expect(window.byteCount(from: 8) == 20)
    }

    @Test func keepsWhatSomebodyHasNotHad() {
        var window = window(10)
        window.trim(to: 30, keepingFrom: 2, within: 1000)
        #expect(window.firstIndex == 2)
        window.trim(to: 30, keepingFrom: 2, within: 60)
        #expect(window.firstIndex == 4)
        #expect(window.byteCount == 60)
    }
}
