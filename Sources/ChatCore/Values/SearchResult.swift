/// A message that a search found.
public struct SearchResult: Hashable, Sendable {
    public var messageID: MessageID
    public var sessionID: SessionID
    public var role: Message.Role
    /// A few lines of the message around what matches, which stands between « and ».
    public var snippet: String
    /// The messages before and after it on its path, shortened, a line each: role and beginning.
    public var context: String
    public var score: SearchScore
    public var createdAt: Timestamp

    public init(
        messageID: MessageID,
        sessionID: SessionID,
        role: Message.Role,
        snippet: String,
        context: String,
        score: SearchScore,
        createdAt: Timestamp
    ) {
        self.messageID = messageID
        self.sessionID = sessionID
        self.role = role
        self.snippet = snippet
        self.context = context
        self.score = score
        self.createdAt = createdAt
    }
}

/// A session that a search found, by its title and tags or by its messages.
public struct SessionSearchResult: Hashable, Sendable {
    /// Most matched messages that are shown of a session.
    public static let maximumMatchedMessages = 3

    public var sessionID: SessionID
    public var metadata: JSONObject
    /// The best of the messages that match, best first; none when the title or a tag matches alone.
    public var matchedMessages: [SearchResult]
    public var score: SearchScore

    public init(sessionID: SessionID, metadata: JSONObject, matchedMessages: [SearchResult], score: SearchScore) {
        self.sessionID = sessionID
        self.metadata = metadata
        self.matchedMessages = matchedMessages
        self.score = score
    }
}

/// How well something matches, 0…1. Kept as millionths, so that a cursor can name it exactly.
public struct SearchScore: Hashable, Comparable, Sendable {
    /// 0…1,000,000.
    public let millionths: Int

    /// Values out of range become the nearest one in it.
    public init(millionths: Int) {
        self.millionths = min(max(millionths, 0), 1_000_000)
    }

    public static func < (left: SearchScore, right: SearchScore) -> Bool { left.millionths < right.millionths }

    public var json: JSONValue { .number(JSONNumber(Double(millionths) / 1_000_000)) }
}
