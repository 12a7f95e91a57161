import DequeModule

/// The statements prepared on one connection, at most ``limit`` of them.
struct PreparedStatements {
    enum Lookup: Hashable {
        case prepared(name: String)
        /// To be prepared under a new name, after the statement called `evicting` was given up.
        case missing(name: String, evicting: String?)
    }

    let limit: Int
    private var names: [EncodedStatement.Key: String] = [:]
    private var oldestFirst: Deque<EncodedStatement.Key> = []
    private var made: UInt64 = 0

    init(limit: Int = 256) {
        self.limit = max(1, limit)
    }

    /// The statement's name; one that is missing counts as prepared from here on, for what is sent later follows in order.
    mutating func lookup(_ key: EncodedStatement.Key) -> Lookup {
        if let name = names[key] { return .prepared(name: name) }
        var evicted: String?
        if names.count >= limit, let oldest = oldestFirst.popFirst() { evicted = names.removeValue(forKey: oldest) }
        made += 1
        let name = "s\(made)"
        names[key] = name
        oldestFirst.append(key)
        return .missing(name: name, evicting: evicted)
    }

    /// The statement called `name` is not there, or no longer of use; the next look-up prepares it anew.
    mutating func forget(_ key: EncodedStatement.Key, name: String) {
        guard names[key] == name else { return }
        names[key] = nil
        oldestFirst.removeAll { $0 == key }
    }

    /// The statements are prepared anew, under other names, at their next look-up.
    mutating func forget(_ keys: Set<EncodedStatement.Key>) {
        for key in keys { names[key] = nil }
        oldestFirst.removeAll { keys.contains($0) }
    }
}
