/// Something the contract wants of a backend (`docs/backends.md`): a row of the report.
struct Expectation: Hashable, Sendable {
    /// How the group of expectations and this one are called, like `stream.end`; `--only` takes either.
    let id: String
    let title: String
    /// What to do when it is not met.
    let advice: String
}

/// What became of an expectation.
enum Outcome: Hashable, Sendable {
    case passed(String?)
    /// The contract allows it, users would not like it.
    case warned(String)
    case failed(String)
    /// It could not be seen.
    case skipped(String)

    /// Of two outcomes of one expectation the one that counts is the one of higher gravity.
    var gravity: Int {
        switch self {
        case .skipped: 0
        case .passed: 1
        case .warned: 2
        case .failed: 3
        }
    }

    var name: String {
        switch self {
        case .passed: "passed"
        case .warned: "warned"
        case .failed: "failed"
        case .skipped: "skipped"
        }
    }

    var detail: String? {
        switch self {
        case .passed(let detail): detail
        case .warned(let detail), .failed(let detail), .skipped(let detail): detail
        }
    }
}

/// The outcomes so far; one expectation can be looked at by several calls.
struct Findings: Sendable {
    private(set) var outcomes: [Expectation: Outcome] = [:]

    mutating func note(_ expectation: Expectation, _ outcome: Outcome) {
        guard let before = outcomes[expectation], before.gravity >= outcome.gravity else {
            outcomes[expectation] = outcome
            return
        }
    }

    /// Fails when there is something wrong, passes when there is nothing.
    mutating func note(_ expectation: Expectation, wrong: String?) {
        note(expectation, wrong.map { .failed($0) } ?? .passed(nil))
    }
}
