/// Something a client asked for, and what came of it.
struct Operation: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case createSession, send, enqueue, interrupt, recreate, stop, patch, react, activate, share, deleteSession

        /// Writes a user message with the mark of the operation.
        var isSend: Bool { self == .send || self == .enqueue || self == .interrupt }
    }

    enum Outcome: String, CaseIterable, Sendable {
        /// Acknowledged: it is to be found.
        case ok
        /// Refused: nothing of it is to be found.
        case failed
        /// Nobody said: it is to be found once, or not at all.
        case unknown
    }

    var kind: Kind
    var client: String
    var session: String
    /// Found in what it writes, and in nothing else.
    var mark: String
    var outcome = Outcome.unknown
    /// The message it is about: the answer of a send or a recreation, what was stopped, reacted to or activated.
    var message: String?
    /// The user message of a send, the question whose answer was recreated.
    var question: String?
    /// What was given or got, like the reaction or the token of a share; of a stop, whether anything was stopped.
    var value: String?
    /// The answer, as far as the client saw it.
    var answer: SeenAnswer?
    /// How often it was sent.
    var attempts = 0
    /// The error it was refused with.
    var errorCode: String?
}

/// An answer as a client put it together from what it was sent.
struct SeenAnswer: Equatable, Sendable {
    var text = ""
    var nextChunk = 0
    /// Whether the end came, and with which state; `nil` for an error, which does not say it.
    var hasEnded = false
    var state: String?
}
