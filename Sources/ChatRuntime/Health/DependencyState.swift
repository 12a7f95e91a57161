/// What a check found out about one thing the process needs.
public enum DependencyState: Hashable, Sendable {
    case ok
    /// The reason in a few words, fit for anybody who reaches the administration listener: `unreachable`,
    /// `schema out of date`; no address, no error text.
    case failing(String)

    /// What a check says that does not answer in time.
    static let overdue = DependencyState.failing("timed out")

    var words: String {
        switch self {
        case .ok: "ok"
        case .failing(let reason): reason
        }
    }
}
