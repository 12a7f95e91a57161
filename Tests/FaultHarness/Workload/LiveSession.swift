/// A session that a client is using.
struct LiveSession: Sendable {
    struct Answer: Sendable {
        var message: String
        var question: String
    }

    let id: String
    /// Answers that have ended, oldest first.
    var answers: [Answer] = []
    /// How much more is done with it before another takes its place.
    var operationsLeft: Int
}
