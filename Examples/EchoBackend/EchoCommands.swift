/// What a message asks of this backend, and the words that are left to echo.
///
/// - `/pace 20ms` pauses between words
/// - `/words 100` answers with that many words
/// - `/bytes 1000` fills each word up to that many bytes
/// - `/json` answers with plain JSON instead of a stream
/// - `/fail 5` ends the stream with `event: error` after five words
/// - `/break 5` cuts the stream after five words, without a `complete`
/// - `/hang` sends the head of the answer and nothing more; `/hang head` not even that
/// - `/status 500` answers with that status
struct EchoCommands: Sendable {
    enum Fault: Sendable {
        case fail(afterWords: Int)
        case cut(afterWords: Int)
        case hang
        case hangBeforeHead
        case status(Int)
    }

    var pace: Duration?
    var fault: Fault?
    var isJSON = false
    /// What each word is filled up to, the white space before it included.
    private var wordBytes = 0
    /// The answer's words, each with the white space before it: joined they are the text.
    var words: [String] = []

    private static let maximumWords = 1_000_000
    /// Words are not made longer than so many bytes in all; anybody may ask for them.
    private static let maximumBytes = 64 << 20

    init(_ text: String) {
        var tokens = Self.tokens(of: text)[...]
        while let token = tokens.popFirst() {
            guard let count = take(token.word, argument: tokens.first?.word) else {
                words.append(token.space + token.word)
                continue
            }
            tokens = tokens.dropFirst(count)
        }
        wordBytes = min(wordBytes, Self.maximumBytes / max(1, words.count))
        words = words.map { $0 + String(repeating: ".", count: max(0, wordBytes - $0.utf8.count)) }
        if let first = words.first { words[0] = String(first.drop(while: \.isWhitespace)) }
    }

    /// Takes a command and says how many arguments belong to it; `nil` when the word is none.
    private mutating func take(_ word: String, argument: String?) -> Int? {
        let number = argument.flatMap { Int($0) }.flatMap { (0...1_000_000).contains($0) ? $0 : nil }
        switch (word, number) {
        case ("/json", _):
            isJSON = true
            return 0
        case ("/hang", _):
            fault = argument == "head" ? .hangBeforeHead : .hang
            return argument == "head" ? 1 : 0
        case ("/pace", _):
            guard let pace = argument.flatMap({ Pace(argument: $0) }) else { return nil }
            self.pace = pace.duration
        case ("/fail", let count?): fault = .fail(afterWords: count)
        case ("/break", let count?): fault = .cut(afterWords: count)
        case ("/status", let code?) where (200...599).contains(code): fault = .status(code)
        case ("/bytes", let count?): wordBytes = count
        case ("/words", let count?) where words.count + count <= Self.maximumWords:
            words += (0..<count).map { $0 == 0 ? "word1" : " word\($0 + 1)" }
        default: return nil
        }
        return 1
    }

    private static func tokens(of text: String) -> [(space: String, word: String)] {
        var tokens: [(String, String)] = []
        var rest = text[...]
        while !rest.isEmpty {
            let space = rest.prefix(while: \.isWhitespace)
            rest = rest.dropFirst(space.count)
            let word = rest.prefix(while: { !$0.isWhitespace })
            rest = rest.dropFirst(word.count)
            tokens.append((String(space), String(word)))
        }
        return tokens
    }
}
