/// What came over one test connection.
struct WebSocketInbox: Sendable {
    /// How a connection ended.
    enum End: Sendable, Equatable {
        case open
        /// A close frame came; `nil` when it named no code.
        case closed(code: UInt16?, reason: String)
        /// The connection was gone without a close frame.
        case dropped
    }

    /// Not yet taken by the test.
    var envelopes: [Envelope] = []
    /// All there ever was, for the message of a wait that fails.
    var history: [String] = []
    var pongs: [[UInt8]] = []
    var pings = 0
    var end = End.open
    /// The transport is closed, too.
    var isGone = false

    mutating func takeFirst(_ isWanted: (Envelope) -> Bool) -> Envelope? {
        guard let index = envelopes.firstIndex(where: isWanted) else { return nil }
        return envelopes.remove(at: index)
    }

    /// Everything up to the first wanted envelope, which is the last.
    mutating func takeThrough(_ isWanted: (Envelope) -> Bool) -> [Envelope]? {
        guard let index = envelopes.firstIndex(where: isWanted) else { return nil }
        defer { envelopes.removeFirst(index + 1) }
        return Array(envelopes[...index])
    }

    var summary: String {
        let shown = history.suffix(25).map { "\n  \($0)" }.joined()
        let more = history.count > 25 ? "\n  (\(history.count - 25) before)" : ""
        return "state: \(end); arrived:\(history.isEmpty ? " nothing" : more + shown)"
    }
}
