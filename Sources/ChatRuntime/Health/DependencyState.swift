/// What a check found out about one thing the process needs.
public enum DependencyState: Hashable, Sendable {
    case ok
    /// The reason in a few words, fit for anybody who reaches the administration listener: `unreachable`,
    /// `schema out of date`; no address, no error text.
    case failing(String)
    /// As above, of something the process can do without: it is of use all the same.
    case missed(String)

    /// What a check says that does not answer in time.
    static let overdue = DependencyState.failing("timed out")

    /// It keeps the process from being of use.
    var isObstacle: Bool {
        switch self {
        case .ok, .missed: false
        case .failing: true
        }
    }

    var words: String {
        switch self {
        case .ok: "ok"
        case .failing(let reason), .missed(let reason): reason
        }
    }
}
