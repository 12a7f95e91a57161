import ChatCore
import TestSupport

/// One answer as it is being put together, over any number of connections.
struct Exchange: Sendable {
    enum Step: Equatable, Sendable {
        case goesOn
        /// This node cannot go on with it.
        case goElsewhere
        case refused(code: String)
        case ended
    }

    let id: String
    let type: String
    let payload: JSONValue
    private(set) var messageID: String?
    private(set) var userMessageID: String?
    private(set) var answer = SeenAnswer()
    private(set) var chunks = 0
    /// What came and should not have.
    private(set) var violations: [String] = []
    var attempts = 0
    /// What the chunks are awaited for: the request itself, or the last resumption.
    private var request: String

    init(id: String, type: String, payload: JSONValue) {
        self.id = id
        self.type = type
        self.payload = payload
        request = id
    }

    /// What to send on a new connection, and the id to send it with.
    mutating func next(resumeID: String) -> (id: String, type: String, payload: JSONValue) {
        attempts += 1
        guard let messageID else {
            request = id
            return (id, type, payload)
        }
        request = resumeID
        return (
            resumeID, "stream.resume",
            ["message_id": .string(messageID), "next_chunk": .integer(Int64(answer.nextChunk))]
        )
    }

    /// Takes an envelope that is no push event.
    mutating func take(_ envelope: Envelope) -> Step {
        guard envelope.requestID == request else { return .goesOn }
        switch envelope.type {
        case "message.streaming.start": return begin(envelope)
        case "message.streaming.chunk":
            if envelope["index"]?.integerValue != Int64(answer.nextChunk) {
                violations.append("chunk \(answer.nextChunk) of \(messageID ?? "?") was to come: \(envelope)")
            }
            answer.nextChunk += 1
            chunks += 1
            answer.text += envelope["chunk"]?.string("content") ?? ""
        case "message.streaming.snapshot":
            answer.nextChunk = Int(envelope["next_chunk"]?.integerValue ?? -1)
            answer.text = (envelope["content"]?.arrayValue ?? []).map { $0.string("text") }.joined()
        case "message.streaming.complete":
            if envelope["chunks"]?.integerValue != Int64(answer.nextChunk) {
                violations.append("\(answer.nextChunk) chunks of \(messageID ?? "?") came: \(envelope)")
            }
            answer.state = envelope["metadata"]?.string("state")
            answer.hasEnded = true
            return .ended
        case "message.streaming.error":
            answer.hasEnded = true
            return .ended
        case "response.error": return refuse(envelope.string("error_code"), envelope)
        default: violations.append("nobody asked for \(envelope)")
        }
        return .goesOn
    }

    private mutating func begin(_ start: Envelope) -> Step {
        let id = start.string("message_id")
        if let messageID, messageID != id {
            violations.append("the same request began \(messageID) and \(id)")
        }
        messageID = id
        if let question = start["user_message_id"]?.stringValue { userMessageID = question }
        return .goesOn
    }

    private mutating func refuse(_ code: String, _ envelope: Envelope) -> Step {
        switch code {
        case "SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED": return .goElsewhere
        case "INTERNAL_ERROR":
            violations.append("\(type) was answered with \(envelope)")
            return .goElsewhere
        default:
            // Refused after it had begun: only a deleted session may be the reason.
            return .refused(code: code)
        }
    }
}
