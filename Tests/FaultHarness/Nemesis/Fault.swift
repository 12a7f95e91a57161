/// What can go wrong.
enum Fault: String, CaseIterable, Sendable {
    case killNode = "kill -9 of a node"
    case freezeNode = "SIGSTOP of a node"
    case restartNode = "restart of a node"
    case restartPostgres = "restart of PostgreSQL"
    case crashPostgres = "immediate stop of PostgreSQL"
    case killRedis = "kill -9 of Redis"
    case freezeRedis = "SIGSTOP of Redis"
    case flushRedis = "FLUSHALL"
    case killSubscribers = "Redis drops its subscribers"
    case delay = "slow connections of a node"
    case blackHole = "a node is cut off, silently"
    case reset = "connections of a node are reset"
    case refuse = "a node is refused by its services"
    case loseCommits = "replies to commits are lost"
    case loseReplies = "replies to statements are lost"

    /// What is hit. Two faults at once hit different things, so that either can be mended.
    enum Target: Sendable {
        case node, postgres, redis, lines
    }

    var target: Target {
        switch self {
        case .killNode, .freezeNode, .restartNode: .node
        case .restartPostgres, .crashPostgres: .postgres
        case .killRedis, .freezeRedis, .flushRedis, .killSubscribers: .redis
        case .delay, .blackHole, .reset, .refuse, .loseCommits, .loseReplies: .lines
        }
    }
}
