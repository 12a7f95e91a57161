extension BackendChecker {
    /// Calls that this engine does not make, but another may.
    mutating func checkRobustness() async {
        if options.wants(.unknownEvent) {
            let answer = await caller.call(session.unknown)
            findings.note(.unknownEvent, wrong: Self.crash(in: answer))
        }
        if options.wants(.malformedBody) {
            let answer = await caller.call(CheckEvent(name: "none", body: Array(#"{"event": "message.n"#.utf8)))
            let isRefused = (400..<500).contains(answer.status ?? 0)
            let words = Self.crash(in: answer) ?? "it was answered with status \(answer.status ?? 0)"
            findings.note(.malformedBody, isRefused ? .passed(nil) : .warned(words))
        }
    }

    private static func crash(in answer: AnswerRecording) -> String? {
        guard let status = answer.status else { return answer.failure }
        return status >= 500 ? answer.failure : nil
    }
}
