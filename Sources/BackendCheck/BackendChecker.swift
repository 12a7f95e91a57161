import ChatCore

/// Goes through everything the contract wants of a backend.
///
/// Each group of calls is made only when one of its expectations is asked for (``CheckOptions/only``).
struct BackendChecker: Sendable {
    let options: CheckOptions
    let caller: BackendCaller
    let session: SampleSession
    var findings = Findings()
    /// What the backend answered to `session.created`.
    var capabilities: [Capability] = []
    /// Every answer to a message, for what is said about all of them.
    var answers: [AnswerRecording] = []

    /// Checks a backend and returns the outcome of each expectation that was asked for, in the order of the report.
    ///
    /// - Throws: ``CheckFailure`` when nobody is there to be checked.
    static func check(_ options: CheckOptions) async throws -> [(Expectation, Outcome)] {
        let caller = BackendCaller(options)
        do {
            var checker = BackendChecker(options: options, caller: caller, session: try SampleSession(url: options.url))
            try await checker.run()
            try await caller.shutdown()
            return checker.outcomes
        } catch {
            try? await caller.shutdown()
            throw error
        }
    }

    private init(options: CheckOptions, caller: BackendCaller, session: SampleSession) {
        self.options = options
        self.caller = caller
        self.session = session
    }

    private mutating func run() async throws {
        try await checkCreated()
        try await checkMessages()
        await checkStreams()
        if options.wantsAny(of: Expectation.cancellation) { await checkCancellation() }
        await checkOthers()
        if options.wantsAny(of: Expectation.background) { await checkBackground() }
        await checkRobustness()
        if options.wantsAny(of: Expectation.signatures) { await checkSignatures() }
        judgeStreams()
    }

    private var outcomes: [(Expectation, Outcome)] {
        Expectation.all.filter(options.wants).map { expectation in
            (expectation, findings.outcomes[expectation] ?? .skipped("it was not reached"))
        }
    }

    /// Makes a call that is answered like a message, and keeps the answer for ``judgeStreams()``.
    mutating func ask(_ event: CheckEvent, inPieces: Bool = false) async -> AnswerRecording {
        let answer = await caller.call(event, inPieces: inPieces)
        answers.append(answer)
        return answer
    }

    /// The question the backend is asked where it does not matter which.
    var question: CheckEvent { session.new([.text(options.prompt)]) }
}
