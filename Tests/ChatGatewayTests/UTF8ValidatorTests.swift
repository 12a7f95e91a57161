import TestSupport
import Testing

@testable import ChatGateway

/// The library's own validation says what is valid as a whole; where a piece may end is found out by trying.
@Suite struct UTF8ValidatorTests {
    /// Bytes on both sides of every bound.
    private static let edges: [UInt8] = [
        0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
        0xEF,
        0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]

    private enum Verdict: Equatable {
        case valid
        case incomplete
        case invalid(at: Int)
    }

    private func verdict(_ bytes: [UInt8], in pieces: [Int] = []) -> Verdict {
        var validator = UTF8Validator()
        var start = 0
        for end in pieces + [bytes.count] {
            let isValid = bytes[start..<end].withUnsafeBytes { validator.append($0) }
            guard isValid else { return .invalid(at: start) }
            start = end
        }
        return validator.isWhole ? .valid : .incomplete
    }

    private func isValid(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// Whether something can follow that makes the bytes valid.
    private func canBecomeValid(_ bytes: [UInt8]) -> Bool {
        let tails: [[UInt8]] = [[], [0x80], [0x80, 0x80], [0x90], [0x90, 0x80], [0x90, 0x80, 0x80], [0xA0, 0x80]]
        return tails.contains { isValid(bytes + $0) } || isValid(bytes + [0x80, 0x80, 0x80])
    }

    @Test func agreesWithTheLibraryAndFailsAtTheFirstWrongByte() {
        for first in Self.edges {
            for second in Self.edges {
                for third in Self.edges {
                    let bytes = [first, second, third]
                    let verdict = verdict(bytes, in: [1, 2])
                    switch verdict {
                    case .valid: #expect(isValid(bytes), "\(bytes)")
                    case .incomplete: #expect(!isValid(bytes) && canBecomeValid(bytes), "\(bytes)")
                    case .invalid(let position):
                        #expect(!canBecomeValid(Array(bytes[...position])), "\(bytes)")
                        #expect(position == 0 || canBecomeValid(Array(bytes[..<position])), "\(bytes)")
                    }
                }
            }
        }
    }

    @Test(arguments: [
        "\u{80}", "é", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ])
    func takesACharacterAtEveryDistanceFromTheOthers(_ character: String) {
        for before in 0..<20 {
            for between in 0..<10 {
                let text = String(repeating: "a", count: before) + character + String(repeating: "b", count: between)
                let bytes = Array((text + character + text).utf8)
                #expect(verdict(bytes) == .valid)
                for split in 0...bytes.count { #expect(verdict(bytes, in: [split]) == .valid) }
                #expect(verdict(Array(bytes.dropLast(between + 1))) == .incomplete)
            }
        }
    }

    @Test func agreesWithTheLibraryOnAnything() {
        var random = SeededGenerator(seed: SeededGenerator.chooseSeed(for: "UTF8ValidatorTests"))
        for _ in 0..<3000 {
            var bytes = (0..<Int.random(in: 0...12, using: &random)).flatMap { _ in
                Array(String(Self.scalar(using: &random)).utf8)
            }
            if Bool.random(using: &random), let index = bytes.indices.randomElement(using: &random) {
                bytes[index] = Self.edges.randomElement(using: &random) ?? 0
            }
            let pieces = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            #expect((verdict(bytes) == .valid) == isValid(bytes), "\(bytes)")
            #expect((verdict(bytes, in: pieces) == .valid) == isValid(bytes), "\(bytes) in \(pieces)")
        }
    }

    private static func scalar(using random: inout SeededGenerator) -> Character {
        let value =
            Bool.random(using: &random)
            ? UInt32.random(in: 0...0x7F, using: &random)
            : UInt32.random(in: 0...0x10FFFF, using: &random)
        return Character(Unicode.Scalar(value) ?? "?")
    }
}
