import ChatCore

/// What came over one test connection. Every frame has to be as `docs/asyncapi.yaml` describes it.
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
    /// What was wrong with what came.
    private(set) var faults: [String] = []
    /// The types of the requests that were sent, by id.
    private(set) var requests: [String: String] = [:]
    var pongs: [[UInt8]] = []
    var pings = 0
    var end = End.open
    /// The transport is closed, too.
    var isGone = false

    /// Notes what is sent, so that the answers to it are known.
    mutating func sent(_ frame: JSONValue) {
        guard let id = frame["id"]?.stringValue, let type = frame["type"]?.stringValue else { return }
        requests[id.lowercased()] = type
    }

    mutating func arrived(_ arrival: Arrival) {
        if let envelope = arrival.envelope { envelopes.append(envelope) }
        history.append(arrival.envelope?.description ?? "no envelope")
        faults += arrival.faults
    }

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

    /// - Throws: ``TestSupportError`` that names what came and is not as described.
    func check() throws {
        guard !faults.isEmpty else { return }
        throw TestSupportError(
            "a frame is not as docs/asyncapi.yaml has it: \(faults.joined(separator: "; ")); \(summary)"
        )
    }

    var summary: String {
        let shown = history.suffix(25).map { "\n  \($0)" }.joined()
        let more = history.count > 25 ? "\n  (\(history.count - 25) before)" : ""
        return "state: \(end); arrived:\(history.isEmpty ? " nothing" : more + shown)"
    }
}

extension WebSocketInbox {
    /// One text frame, read and held against the description.
    struct Arrival: Sendable {
        /// `nil` when it is none.
        var envelope: Envelope?
        var faults: [String]

        /// - Parameter requests: the types of the requests that were sent, by id.
        init(_ text: [UInt8], requests: [String: String]) {
            do {
                let frame = try JSONParser.parse(text)
                let request = frame["payload"]?["request_id"]?.stringValue.flatMap { requests[$0] }
                faults = try SocketDescription.shared().faults(inFrame: frame, answering: request)
                envelope = try Envelope(frame)
            } catch {
                envelope = nil
                faults = ["\(error)"]
            }
        }
    }
}
