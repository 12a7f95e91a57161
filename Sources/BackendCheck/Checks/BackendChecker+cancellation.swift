import ChatCore

extension BackendChecker {
    /// More than the workers of a common server.
    private static let cutAnswers = 32

    /// Cuts answers off, as the engine does when a user stops one, and sees how the backend goes on.
    mutating func checkCancellation() async {
        if options.wants(.cancelGoesOn) {
            let long = session.new([.text(options.longPrompt)])
            let cut = await caller.call(long, cut: .atFirstBytes)
            let next = await ask(question)
            findings.note(.cancelGoesOn, Self.outcome(cut, next: next))
        }
        guard options.wants(.cancelFreesWorkers) else { return }
        let caller = caller
        let events = (0..<Self.cutAnswers).map { _ in session.new([.text(options.longPrompt)]) }
        // One after the other: it is the ones that are over that must not keep anybody busy.
        for (index, event) in events.enumerated() {
            let cut = await caller.call(event, cut: .atFirstBytes)
            guard cut.headAfter == nil else { continue }
            findings.note(
                .cancelFreesWorkers,
                .failed("after \(index) answers were cut off: \(cut.failure ?? "nothing")")
            )
            return
        }
        let next = await ask(question)
        findings.note(
            .cancelFreesWorkers,
            wrong: next.messageViolation.map { "after \(Self.cutAnswers) answers were cut off: \($0)" }
        )
    }

    private static func outcome(_ cut: AnswerRecording, next: AnswerRecording) -> Outcome {
        if let failure = cut.failure { return .failed("the answer that was to be cut off: \(failure)") }
        if let wrong = next.messageViolation { return .failed("after one answer was cut off: \(wrong)") }
        return .passed(cut.end == .cut && !cut.isComplete ? nil : "the answer had ended before: give a --long-prompt")
    }
}
