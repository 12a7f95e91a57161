/// What the database holds at the end of a run.
struct DatabaseSnapshot: Sendable {
    struct Message: Sendable {
        var client: String
        var session: String
        var parent: String?
        var role: String
        var state: String
        var text: String
    }

    struct Event: Sendable {
        var seq: Int64
        var kind: String
        /// As of ``DeviceView/Event``.
        var digest: Int
        var session: String
        /// Of `message.created`.
        var message: String?
        /// Of `session.updated`: it holds the metadata.
        var tellsMetadata = false
    }

    struct Reaction: Hashable, Sendable {
        var client: String
        var message: String
    }

    /// By id.
    var messages: [String: Message] = [:]
    /// The names in the metadata of every session there is.
    var sessions: [String: Set<String>] = [:]
    /// By client, in the order of `seq`.
    var events: [String: [Event]] = [:]
    /// The last number that was given, by client.
    var counters: [String: Int64] = [:]
    /// `none` is not listed.
    var reactions: [Reaction: String] = [:]
    /// Tokens of shares that open something.
    var openShares: Set<String> = []
    /// Rows that should be gone, in words.
    var leftovers: [String] = []
    /// Rules of the tree that do not hold, in words.
    var brokenRules: [String] = []
}
