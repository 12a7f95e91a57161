import ChatCore

/// Where a page of a search ended: the sort keys of its last result, and how many results there were up to it.
struct SearchCursor {
    /// What a list of results is sorted by, each descending.
    struct Key: Sendable {
        let columns: [String]
        /// Reads the keys of a cursor.
        fileprivate let values: @Sendable ([String]) -> [PostgresValue]?

        static let messages = Key(columns: ["score", "created_at", "message_id"]) { keys in
            guard keys.count == 3, let score = Int32(keys[0]), let createdAt = timestamp(keys[1]),
                let id = MessageID(keys[2])
            else { return nil }
            return [.int32(score), .timestamp(createdAt), .uuid(id.uuid)]
        }

        static let sessions = Key(columns: ["score", "session_id"]) { keys in
            guard keys.count == 2, let score = Int32(keys[0]), let id = SessionID(keys[1]) else { return nil }
            return [.int32(score), .uuid(id.uuid)]
        }

        private static func timestamp(_ key: String) -> Timestamp? {
            guard let microseconds = Int64(key), PageCursor.storableMicroseconds.contains(microseconds) else {
                return nil
            }
            return Timestamp(microsecondsSince1970: microseconds)
        }
    }

    let values: [PostgresValue]
    /// How many results come before the page.
    let offset: Int

    /// - Throws: ``ChatError`` `INVALID_REQUEST` for a cursor of another list.
    init(_ cursor: PageCursor, in list: String, _ key: Key) throws(ChatError) {
        guard cursor.list == list, let last = cursor.keys.last, let offset = Int(last), offset >= 0,
            let values = key.values(cursor.keys.dropLast())
        else { throw PageCursor.notOfThisList }
        self.values = values
        self.offset = offset
    }
}
