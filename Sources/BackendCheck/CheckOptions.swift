/// What is checked, and how.
struct CheckOptions: Sendable {
    var url: String
    /// The webhook secret the backend was given; calls are signed with it.
    var secret: String?
    /// The session type's `timeout_seconds`: bound of the wait for a head and of every silence.
    var timeout: Duration = .seconds(30)
    /// Bound of a whole answer.
    var maximumDuration: Duration = .seconds(300)
    /// How long an answer may take to end after its `complete`.
    var drain: Duration = .seconds(1)
    var prompt = "Say hello in one short sentence."
    /// Has the backend talk for a while, so that there is something to cut off.
    var longPrompt = "Count from one to five hundred in words, one number a line."
    /// Has the backend fail.
    var failingPrompt: String?
    /// What answers are timed by.
    var now: @Sendable () -> ContinuousClock.Instant = { .now }
    /// The ids of expectations or of their groups; empty for all.
    var only: [String] = []

    /// Whether an expectation is asked for.
    func wants(_ expectation: Expectation) -> Bool {
        only.isEmpty || only.contains { expectation.id == $0 || expectation.id.hasPrefix("\($0).") }
    }

    func wantsAny(of expectations: [Expectation]) -> Bool {
        expectations.contains(where: wants)
    }

    /// Those of ``only`` that name nothing.
    var unknownNames: [String] {
        only.filter { name in !Expectation.all.contains { $0.id == name || $0.id.hasPrefix("\(name).") } }
    }
}
